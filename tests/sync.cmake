# lib/sync: locks. The stress tests have their own watchdogs.
ct_add_test(NAME test_mutex SOURCES c/test_mutex.c LIBS ct_sync TIMEOUT 120)
ct_add_test(NAME test_mutex_stress SOURCES c/test_mutex_stress.c LIBS ct_sync TIMEOUT 180)
ct_add_test(NAME test_rwmutex SOURCES c/test_rwmutex.c LIBS ct_sync TIMEOUT 180)
ct_add_test(NAME test_spin SOURCES c/test_spin.c LIBS ct_sync TIMEOUT 120)

# Every planted bug must be caught. The runner builds its own, unsanitized copies.
if(NOT CT_SANITIZE AND NOT CT_PLANT)
        add_test(NAME planted_bugs
                COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/planted/run_planted.py
                        --source ${PROJECT_SOURCE_DIR} --build ${CMAKE_BINARY_DIR}/planted
                        --cc ${CMAKE_C_COMPILER} --cxx ${CMAKE_CXX_COMPILER})
        set_tests_properties(planted_bugs PROPERTIES TIMEOUT 600 LABELS planted RUN_SERIAL TRUE)
endif()
