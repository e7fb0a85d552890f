# schema, reader, statistics, ratio/versus, control
ct_add_py_test(NAME py_reader MODULE test_reader)
ct_add_py_test(NAME py_stats MODULE test_stats)
ct_add_py_test(NAME py_condense MODULE test_condense)
ct_add_py_test(NAME py_versus MODULE test_versus)
ct_add_py_test(NAME py_control MODULE test_control)
ct_add_py_test(NAME py_results_readme MODULE test_results_readme)
# The command line, run, doctor, shell scripts.
ct_add_py_test(NAME py_cli MODULE test_cli TIMEOUT 120)
ct_add_py_test(NAME py_run MODULE test_run TIMEOUT 180)
ct_add_py_test(NAME py_run_faults MODULE test_run_faults TIMEOUT 180)
ct_add_py_test(NAME py_doctor MODULE test_doctor)
ct_add_py_test(NAME py_scripts MODULE test_scripts)
# Charts and report (need gnuplot; golden SVGs are compared under gnuplot 5.4 only).
ct_add_py_test(NAME py_plot MODULE test_plot TIMEOUT 240)
ct_add_py_test(NAME py_report MODULE test_report TIMEOUT 120)
ct_add_py_test(NAME py_plot_families MODULE test_plot_families TIMEOUT 120)
ct_add_py_test(NAME py_plot_locks MODULE test_plot_locks TIMEOUT 120)
# compare
ct_add_py_test(NAME py_compare MODULE test_compare TIMEOUT 180)
ct_add_py_test(NAME py_compare_out MODULE test_compare_out TIMEOUT 180)
