# Caches and per-key counters as the guides have them, and their benchmark.
ct_add_test(NAME test_cache_contract SOURCES c/test_cache_contract.c LIBS ct_cache LABELS cache)
ct_add_test(NAME test_cache_shape SOURCES c/test_cache_shape.c LIBS ct_cache LABELS cache)
ct_add_test(NAME test_cache_counters SOURCES c/test_cache_counters.c LIBS ct_cache TIMEOUT 240 LABELS cache stress)
ct_add_test(NAME test_cache_stress SOURCES c/test_cache_stress.c LIBS ct_cache TIMEOUT 600 LABELS cache stress)
ct_add_test(NAME test_cache_faults SOURCES c/test_cache_faults.c LIBS ct_cache LABELS cache)
target_link_options(test_cache_faults PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc
        -Wl,--wrap=realloc -Wl,--wrap=aligned_alloc -Wl,--wrap=free)
ct_add_py_test(NAME py_cache MODULE test_cache TIMEOUT 240 LABELS cache SERIAL)
