# lib/task: the runtime.
foreach(t task task_sched task_timer task_stack task_blocking)
        ct_add_test(NAME test_${t} SOURCES c/test_${t}.c LIBS ct_task TIMEOUT 300 LABELS task)
endforeach()
set_tests_properties(test_task_timer PROPERTIES RUN_SERIAL TRUE) # a race against deadlines
