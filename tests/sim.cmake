# Client programs under the deterministic scheduler, and the planted bugs that it must find.
if(TARGET ct_sim)
        set(sync_programs parker mutex mutex_asym rwmutex rwmutex_slots waitgroup latch once cond semaphore value objpool map)
        set(chan_programs chan chan_close chan_spsc select timer context)
        set(flow_programs actor reorder ordered pipeline batcher breaker)
        set(pool_programs deque injector pool pool_live pool_line pool_line_staff)
        set(cache_programs cache_value cache_inline cache_table cache_bound cache_load cache_locked key_counters)
        set(programs ${sync_programs} ${chan_programs} ${flow_programs} ${pool_programs} ${cache_programs})
        list(TRANSFORM programs REPLACE "(.+)" "sim/\\1.c" OUTPUT_VARIABLE sources)
        list(TRANSFORM sync_programs APPEND /)
        list(TRANSFORM chan_programs APPEND /)
        list(TRANSFORM flow_programs APPEND /)
        list(TRANSFORM pool_programs APPEND /)
        list(TRANSFORM cache_programs APPEND /)
        add_executable(sim_explore sim/main.c sim/spawn.c sim/pool_programs.c
                sim/cache_programs.c sim/cache_kinds.c sim/cache_history.c ${sources})
        target_link_libraries(sim_explore PRIVATE ct_sync_sim ct_chan_sim ct_flow_sim ct_cache_sim)
        target_compile_options(sim_explore PRIVATE ${CT_SIM_OPTIONS})

        add_test(NAME sim_exhaustive COMMAND sim_explore exhaustive ${sync_programs})
        add_test(NAME sim_exhaustive_chan COMMAND sim_explore exhaustive ${chan_programs})
        add_test(NAME sim_exhaustive_flow COMMAND sim_explore exhaustive ${flow_programs})
        add_test(NAME sim_random_flow COMMAND sim_explore random --schedules 1000000 ${flow_programs})
        add_test(NAME sim_exhaustive_pool COMMAND sim_explore exhaustive ${pool_programs})
        add_test(NAME sim_random_pool COMMAND sim_explore random --schedules 2000000 ${pool_programs})
        add_test(NAME sim_exhaustive_cache COMMAND sim_explore exhaustive ${cache_programs})
        add_test(NAME sim_random_cache COMMAND sim_explore random --schedules 400000 ${cache_programs})
        add_test(NAME sim_random COMMAND sim_explore random --schedules 10000000 ${sync_programs})
        add_test(NAME sim_random_chan COMMAND sim_explore random --schedules 5000000 ${chan_programs})
        add_test(NAME sim_replay COMMAND sim_explore same --times 1000)
        set_tests_properties(sim_exhaustive sim_exhaustive_chan sim_random sim_random_chan sim_exhaustive_flow sim_random_flow
                sim_exhaustive_pool sim_random_pool sim_exhaustive_cache sim_random_cache
                sim_replay PROPERTIES TIMEOUT 600 LABELS sim)
        if(NOT CT_PLANT)
                set(base "")
                if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_GENERATOR STREQUAL "Ninja")
                        set(base --base ${CMAKE_BINARY_DIR})
                endif()
                add_test(NAME sim_planted
                        COMMAND ${Python3_EXECUTABLE} -B
                                ${CMAKE_CURRENT_SOURCE_DIR}/planted/run_planted.py --sim
                                --source ${PROJECT_SOURCE_DIR} --build ${CMAKE_BINARY_DIR}/planted_sim ${base}
                                --cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER})
                set_tests_properties(sim_planted PROPERTIES TIMEOUT 600 LABELS "sim;planted" RUN_SERIAL TRUE)
        endif()
endif()
