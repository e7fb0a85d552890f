# Linearizability of the channels: the checker itself, histories of threads and tasks, histories of the simulator.
set(linear linear/check.c linear/program.c linear/print.c)
add_executable(linear_checker linear/selftest.c linear/reference.c linear/mutate.c linear/mutate_append.c ${linear})
target_include_directories(linear_checker PRIVATE ${PROJECT_SOURCE_DIR}/lib)
add_test(NAME linear_checker COMMAND linear_checker)

add_executable(linear_contexts linear/contexts.c linear/perform.c ${linear})
target_link_libraries(linear_contexts PRIVATE ct_chan ct_sync ct_task)
if(CT_SANITIZE)
        add_test(NAME linear_contexts COMMAND linear_contexts --histories 2000)
else()
        add_test(NAME linear_contexts COMMAND linear_contexts)
endif()
set_tests_properties(linear_checker linear_contexts PROPERTIES TIMEOUT 120)

# What records is not simulated itself: compiled with the hooks, without the instrumentation.
if(TARGET ct_sim)
        add_executable(linear_histories linear/simulated.c linear/perform.c ${linear})
        target_link_libraries(linear_histories PRIVATE ct_chan_sim)
        add_test(NAME linear_histories COMMAND linear_histories)
        set_tests_properties(linear_histories PROPERTIES TIMEOUT 600 LABELS sim)
endif()

# The same for the keys of caches.
set(linear_cache linear/cache_check.c linear/cache_print.c)
add_executable(linear_cache_checker linear/cache_selftest.c linear/cache_slow.c linear/cache_reference.c
        linear/cache_mutate.c ${linear_cache})
target_include_directories(linear_cache_checker PRIVATE ${PROJECT_SOURCE_DIR}/lib)
add_test(NAME linear_cache_checker COMMAND linear_cache_checker)

add_executable(linear_cache_contexts linear/cache_contexts.c linear/cache_perform.c linear/cache_program.c
        ${linear_cache})
target_include_directories(linear_cache_contexts PRIVATE c)
target_link_libraries(linear_cache_contexts PRIVATE ct_cache ct_sync ct_task)
if(CT_SANITIZE)
        add_test(NAME linear_cache_contexts COMMAND linear_cache_contexts --histories 12000)
else()
        add_test(NAME linear_cache_contexts COMMAND linear_cache_contexts)
endif()
set_tests_properties(linear_cache_checker linear_cache_contexts PROPERTIES TIMEOUT 400 LABELS cache)
