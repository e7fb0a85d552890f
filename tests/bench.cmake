# The binaries as a user calls them.
ct_add_py_test(NAME py_bench MODULE test_bench TIMEOUT 180 SERIAL)
ct_add_py_test(NAME py_new MODULE test_new)
ct_add_py_test(NAME py_lock MODULE test_lock TIMEOUT 240 SERIAL)
ct_add_py_test(NAME py_channel MODULE test_channel TIMEOUT 120 SERIAL)
ct_add_py_test(NAME py_context MODULE test_context TIMEOUT 120 SERIAL)
ct_add_py_test(NAME py_plot_context MODULE test_plot_context TIMEOUT 120)
ct_add_py_test(NAME py_plot_channel MODULE test_plot_channel TIMEOUT 120)
ct_add_test(NAME test_channel_oracle SOURCES c/test_channel_oracle.c ${PROJECT_SOURCE_DIR}/bench/channel/window.c LIBS bench_exec ct_harness)
ct_add_py_test(NAME py_flow MODULE test_flow TIMEOUT 120 SERIAL)
ct_add_py_test(NAME py_plot_flow MODULE test_plot_flow TIMEOUT 120)
ct_add_test(NAME test_flow_oracle SOURCES c/test_flow_oracle.c ${PROJECT_SOURCE_DIR}/bench/flow/desk.c
        ${PROJECT_SOURCE_DIR}/bench/flow/guard.c ${PROJECT_SOURCE_DIR}/bench/flow/inputs.c
        ${PROJECT_SOURCE_DIR}/bench/flow/plan.c LIBS bench_exec ct_harness ct_chan ct_task)
