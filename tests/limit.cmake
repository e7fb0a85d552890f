# Limiters: laws on a virtual clock, the token bucket's contract, users, waiting, contention.
foreach(t laws bucket users wait stress)
        ct_add_test(NAME test_limit_${t} SOURCES c/test_limit_${t}.c LIBS ct_limit TIMEOUT 120 LABELS limit)
        target_include_directories(test_limit_${t} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
        target_link_libraries(test_limit_${t} PRIVATE m)
endforeach()
ct_add_py_test(NAME py_limiter MODULE test_limiter TIMEOUT 120 SERIAL)
