# Histogram, result files, noise, progress, environment.
ct_add_test(NAME test_histogram SOURCES c/test_histogram.c LIBS ct_harness)
ct_add_test(NAME test_csv SOURCES c/test_csv.c LIBS ct_harness)
ct_add_test(NAME test_csv_faults SOURCES c/test_csv_faults.c LIBS ct_harness TIMEOUT 120)
ct_add_test(NAME test_noise SOURCES c/test_noise.c LIBS ct_harness SERIAL)
ct_add_test(NAME test_progress SOURCES c/test_progress.c LIBS ct_harness)
ct_add_test(NAME test_environment SOURCES c/test_environment.c LIBS ct_harness)
# Topology, placement, plan.
ct_add_test(NAME test_topology SOURCES c/test_topology.c LIBS ct_harness)
ct_add_test(NAME test_placement SOURCES c/test_placement.c LIBS ct_harness)
ct_add_test(NAME test_placement_real SOURCES c/test_placement_real.c LIBS ct_harness)
target_compile_definitions(test_placement_real PRIVATE CT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
ct_add_py_test(NAME py_plan MODULE test_plan)
# Team, window, supervisor.
ct_add_test(NAME test_executor SOURCES c/test_executor.c LIBS bench_exec ct_harness SERIAL)
ct_add_test(NAME test_window SOURCES c/test_window.c LIBS bench_exec ct_harness SERIAL)
ct_add_test(NAME test_sweep SOURCES c/test_sweep.c LIBS ct_harness SERIAL)
ct_add_test(NAME test_suite SOURCES c/test_suite.c LIBS ct_harness TIMEOUT 120 SERIAL)
