# The binaries as a user calls them.
ct_add_py_test(NAME py_bench MODULE test_bench TIMEOUT 180)
ct_add_py_test(NAME py_new MODULE test_new)
ct_add_py_test(NAME py_lock MODULE test_lock TIMEOUT 240)
