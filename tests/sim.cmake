# Client programs under the deterministic scheduler, and the planted bugs that it must find.
if(TARGET ct_sim)
        set(programs parker mutex mutex_asym rwmutex rwmutex_slots waitgroup latch once cond semaphore value objpool map)
        list(TRANSFORM programs REPLACE "(.+)" "sim/\\1.c" OUTPUT_VARIABLE sources)
        add_executable(sim_explore sim/main.c ${sources})
        target_link_libraries(sim_explore PRIVATE ct_sync_sim)
        target_compile_options(sim_explore PRIVATE ${CT_SIM_OPTIONS})

        add_test(NAME sim_exhaustive COMMAND sim_explore exhaustive)
        add_test(NAME sim_random COMMAND sim_explore random --schedules 10000000)
        add_test(NAME sim_replay COMMAND sim_explore same --times 1000)
        set_tests_properties(sim_exhaustive sim_random sim_replay PROPERTIES TIMEOUT 600 LABELS sim)
        if(NOT CT_PLANT)
                add_test(NAME sim_planted
                        COMMAND ${Python3_EXECUTABLE} -B
                                ${CMAKE_CURRENT_SOURCE_DIR}/planted/run_planted.py --sim
                                --source ${PROJECT_SOURCE_DIR} --build ${CMAKE_BINARY_DIR}/planted_sim
                                --cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER})
                set_tests_properties(sim_planted PROPERTIES TIMEOUT 600 LABELS "sim;planted" RUN_SERIAL TRUE)
        endif()
endif()
