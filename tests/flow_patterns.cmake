# lib/flow besides pools and actors: fan, pipeline, ordered results, retry, breaker, batcher.
foreach(name fan pipeline pipeline_cancel reorder ordered retry breaker batcher batcher_storm flow_misuse)
        ct_add_test(NAME test_${name} SOURCES c/test_${name}.c LIBS ct_flow ct_task TIMEOUT 180)
endforeach()
# 10,000 random cancels.
ct_add_test(NAME test_pipeline_stress SOURCES c/test_pipeline_stress.c LIBS ct_flow ct_task TIMEOUT 300 LABELS stress)
ct_add_test(NAME test_flow_faults SOURCES c/test_flow_faults.c LIBS ct_flow ct_task TIMEOUT 120)
target_link_options(test_flow_faults PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=aligned_alloc)
