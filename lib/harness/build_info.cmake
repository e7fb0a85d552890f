# Run by every build as `cmake -D.. -P build_info.cmake`: writes OUTPUT from build_info.h.in, touching it
# only when something changed, so the recorded commit is never that of an earlier build.
set(COMMIT "unknown")
set(DIRTY "unknown")

# No index refresh on disk: somebody may be committing at this moment.
set(ENV{GIT_OPTIONAL_LOCKS} 0)
find_program(GIT git)
if(GIT)
        # An empty prefix: the checkout is the suite's own, not one that it was unpacked into.
        execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-prefix
                RESULT_VARIABLE failed OUTPUT_VARIABLE prefix ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
        if(NOT failed AND prefix STREQUAL "")
                execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --verify HEAD
                        RESULT_VARIABLE failed OUTPUT_VARIABLE head ERROR_QUIET
                        OUTPUT_STRIP_TRAILING_WHITESPACE)
                # Only what the binaries are made of: results lying about do not make them another build.
                execute_process(COMMAND ${GIT} -C ${SOURCE} status --porcelain --untracked-files=normal --
                                CMakeLists.txt CMakePresets.json bench lib
                        RESULT_VARIABLE unreadable OUTPUT_VARIABLE changes ERROR_QUIET)
                if(NOT failed)
                        set(COMMIT "${head}")
                        if(NOT unreadable AND changes STREQUAL "")
                                set(DIRTY "false")
                        elseif(NOT unreadable)
                                set(DIRTY "true")
                        endif()
                endif()
        endif()
endif()

# Warnings do not shape code, and paths are nobody's business.
set(kept "")
string(REGEX REPLACE "[; ]+" ";" FLAGS "${FLAGS}")
foreach(flag IN LISTS FLAGS)
        if(flag AND NOT flag MATCHES "^-W[^l]|[/\"\\\\<>$]")
                list(APPEND kept "${flag}")
        endif()
endforeach()
string(JOIN " " FLAGS ${kept})
if(BUILD_TYPE STREQUAL "")
        set(BUILD_TYPE "none")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/build_info.h.in ${OUTPUT} @ONLY)
