# lib/sync: locks. The stress tests have their own watchdogs.
ct_add_test(NAME test_mutex SOURCES c/test_mutex.c LIBS ct_sync TIMEOUT 120)
ct_add_test(NAME test_mutex_stress SOURCES c/test_mutex_stress.c LIBS ct_sync TIMEOUT 180 SERIAL)
ct_add_test(NAME test_rwmutex SOURCES c/test_rwmutex.c LIBS ct_sync TIMEOUT 180)
ct_add_test(NAME test_spin SOURCES c/test_spin.c LIBS ct_sync TIMEOUT 120)
foreach(name locks rwlocks locks_stress)
        ct_add_test(NAME test_${name} SOURCES c/test_${name}.c LIBS ct_sync ct_task TIMEOUT 300)
endforeach()
# 64 contexts on the CPUs there are; `torture_locks --seconds 30` is the long form.
add_executable(torture_locks c/torture_locks.c)
target_link_libraries(torture_locks PRIVATE ct_sync ct_task)
add_test(NAME torture_locks COMMAND torture_locks --seconds 0.5)
set_tests_properties(torture_locks PROPERTIES TIMEOUT 120 RUN_SERIAL TRUE)

foreach(name waitgroup waitgroup_stress once cond cond_stress semaphore semaphore_misuse semaphore_stress latch
                barrier)
        ct_add_test(NAME test_${name} SOURCES c/test_${name}.c LIBS ct_sync ct_task TIMEOUT 180)
endforeach()

foreach(name reclaim reclaim_stress value objpool map map_range map_stress percpu_counter)
        ct_add_test(NAME test_${name} SOURCES c/test_${name}.c LIBS ct_sync ct_task TIMEOUT 180)
endforeach()
ct_add_test(NAME test_sync_faults SOURCES c/test_sync_faults.c LIBS ct_sync)
target_link_options(test_sync_faults PRIVATE -Wl,--wrap=malloc -Wl,--wrap=calloc
        -Wl,--wrap=aligned_alloc -Wl,--wrap=free -Wl,--wrap=mmap -Wl,--wrap=munmap)

# No futex calls where nobody contends: a program, and what strace counts of it.
add_executable(uncontended c/uncontended.c)
target_link_libraries(uncontended PRIVATE ct_sync)
if(NOT CT_SANITIZE)
        ct_add_py_test(NAME py_uncontended MODULE test_uncontended TIMEOUT 120)
endif()

# Every planted bug must be caught. The runner starts from this build if it is a Release build, else
# from one that it makes itself; under sanitizers there is nothing new to see.
if(NOT CT_SANITIZE AND NOT CT_PLANT)
        set(base "")
        if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_GENERATOR STREQUAL "Ninja")
                set(base --base ${CMAKE_BINARY_DIR})
        endif()
        add_test(NAME planted_bugs
                COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/planted/run_planted.py
                        --source ${PROJECT_SOURCE_DIR} --build ${CMAKE_BINARY_DIR}/planted ${base}
                        --cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER})
        set_tests_properties(planted_bugs PROPERTIES TIMEOUT 1800 LABELS planted RUN_SERIAL TRUE)
endif()
