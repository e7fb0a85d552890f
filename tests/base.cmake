# lib/base: the parker, its spin budget, guard and futex.
ct_add_test(NAME test_parker SOURCES c/test_parker.c LIBS ct_base TIMEOUT 120)
ct_add_test(NAME test_slot SOURCES c/test_slot.c LIBS ct_base TIMEOUT 120)
