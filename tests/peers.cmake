# Other people's libraries as contestants.
ct_add_test(NAME test_outside SOURCES c/test_outside.c LIBS ct_harness)
ct_add_py_test(NAME py_peers MODULE test_peers TIMEOUT 600 SERIAL)
ct_add_py_test(NAME py_peers_cache MODULE test_peers_cache TIMEOUT 300 SERIAL)
