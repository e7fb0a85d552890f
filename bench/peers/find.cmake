# Which of other people's libraries are here. Included before anything is built, because
# environment.json names what was found; bench/peers/CMakeLists.txt builds it.
#
# Sets CT_PEERS_FOUND and CT_PEERS_MISSING (names), CT_PEER_VERSION_<name>, CT_PEER_WHY_<name>, and
# CT_PEERS_TEXT, "nsync=1.25.0;ck=not built", for the binaries.
option(CT_PEERS "Build other people's libraries as contestants, where they are installed" ON)

set(CT_PEERS_FOUND "")
set(CT_PEERS_MISSING "")
set(CT_PEERS_TEXT "")

# A library without a version in its headers: what the package manager says, else unknown.
function(ct_package_version package variable)
        find_program(CT_DPKG_QUERY dpkg-query)
        mark_as_advanced(CT_DPKG_QUERY)
        set(version "")
        if(CT_DPKG_QUERY)
                execute_process(COMMAND ${CT_DPKG_QUERY} --show --showformat=\${Version} ${package}
                        OUTPUT_VARIABLE version ERROR_QUIET)
        endif()
        string(REGEX REPLACE "^[0-9]+:|-[^-]*$" "" version "${version}")
        if(version STREQUAL "")
                set(version "unknown")
        endif()
        set(${variable} "${version}" PARENT_SCOPE)
endfunction()

# ct_peer(nsync FOUND yes VERSION 1.25.0 PACKAGE libnsync-dev): one line for each, found or not.
macro(ct_peer name found version package)
        if(CT_PEERS AND ${found})
                list(APPEND CT_PEERS_FOUND ${name})
                set(CT_PEER_VERSION_${name} "${version}")
                list(APPEND CT_PEERS_TEXT "${name}=${version}")
                message(STATUS "peer ${name}: ${version}")
        else()
                list(APPEND CT_PEERS_MISSING ${name})
                if(NOT CT_PEERS)
                        set(CT_PEER_WHY_${name} "CT_PEERS is off")
                elseif("${ct_peer_why}" STREQUAL "")
                        set(CT_PEER_WHY_${name} "${package} not found")
                else()
                        set(CT_PEER_WHY_${name} "${ct_peer_why}")
                endif()
                list(APPEND CT_PEERS_TEXT "${name}=not built: ${CT_PEER_WHY_${name}}")
                message(STATUS "peer ${name}: not built (${CT_PEER_WHY_${name}})")
        endif()
endmacro()

# ThreadSanitizer sees neither inside libraries that were built without it nor through their inline
# assembly, and would report races that are none. The Go program is a process of its own.
set(ct_peer_why "")
set(ct_peer_libraries ${CT_PEERS})
if(CT_SANITIZE MATCHES "thread")
        set(ct_peer_why "not under ThreadSanitizer")
        set(ct_peer_libraries OFF)
endif()

if(ct_peer_libraries)
        find_path(CT_NSYNC_INCLUDE nsync_mu.h)
        find_library(CT_NSYNC_LIBRARY nsync)
        mark_as_advanced(CT_NSYNC_INCLUDE CT_NSYNC_LIBRARY)
        pkg_check_modules(CT_GLIB QUIET IMPORTED_TARGET glib-2.0)
        pkg_check_modules(CT_CK QUIET IMPORTED_TARGET ck)
        pkg_check_modules(CT_LIBUV QUIET IMPORTED_TARGET libuv)
        pkg_check_modules(CT_URCU_MEMB QUIET IMPORTED_TARGET liburcu-memb)
        pkg_check_modules(CT_URCU_QSBR QUIET IMPORTED_TARGET liburcu-qsbr)
        pkg_check_modules(CT_URCU_CDS QUIET IMPORTED_TARGET liburcu-cds)
        find_package(absl CONFIG QUIET)
        find_package(TBB CONFIG QUIET)
        find_package(Boost 1.71 CONFIG QUIET COMPONENTS fiber)
        find_path(CT_MOODYCAMEL_INCLUDE blockingconcurrentqueue.h PATH_SUFFIXES concurrentqueue
                concurrentqueue/moodycamel)
        mark_as_advanced(CT_MOODYCAMEL_INCLUDE)
endif()

set(ct_found OFF)
set(ct_version "")
if(ct_peer_libraries AND CT_NSYNC_INCLUDE AND CT_NSYNC_LIBRARY)
        set(ct_found ON)
        ct_package_version(libnsync-dev ct_version)
endif()
ct_peer(nsync ${ct_found} "${ct_version}" libnsync-dev)

set(ct_found OFF)
if(ct_peer_libraries AND CT_GLIB_FOUND)
        set(ct_found ON)
endif()
ct_peer(glib ${ct_found} "${CT_GLIB_VERSION}" libglib2.0-dev)

set(ct_found OFF)
if(ct_peer_libraries AND CT_CK_FOUND)
        set(ct_found ON)
endif()
ct_peer(ck ${ct_found} "${CT_CK_VERSION}" libck-dev)

set(ct_found OFF)
if(ct_peer_libraries AND CT_URCU_MEMB_FOUND AND CT_URCU_QSBR_FOUND AND CT_URCU_CDS_FOUND)
        set(ct_found ON)
endif()
ct_peer(urcu ${ct_found} "${CT_URCU_MEMB_VERSION}" liburcu-dev)

set(ct_found OFF)
if(ct_peer_libraries AND TARGET absl::synchronization)
        set(ct_found ON)
endif()
ct_peer(absl ${ct_found} "${absl_VERSION}" libabsl-dev)

set(ct_found OFF)
if(ct_peer_libraries AND TARGET TBB::tbb)
        set(ct_found ON)
endif()
ct_peer(tbb ${ct_found} "${TBB_VERSION}" libtbb-dev)

set(ct_found OFF)
if(ct_peer_libraries AND TARGET Boost::fiber)
        set(ct_found ON)
endif()
ct_peer(boost ${ct_found} "${Boost_VERSION}" libboost-fiber-dev)

set(ct_found OFF)
if(ct_peer_libraries AND CT_LIBUV_FOUND)
        set(ct_found ON)
endif()
ct_peer(libuv ${ct_found} "${CT_LIBUV_VERSION}" libuv1-dev)

set(ct_found OFF)
set(ct_version "")
if(ct_peer_libraries AND CT_MOODYCAMEL_INCLUDE)
        set(ct_found ON)
        ct_package_version(libconcurrentqueue-dev ct_version)
endif()
ct_peer(moodycamel ${ct_found} "${ct_version}" libconcurrentqueue-dev)

# The C++ library comes with the compiler that Google Benchmark's shim needs anyway.
ct_peer(std "${ct_peer_libraries}" "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" g++)

# The newest Go there is: what is on PATH, or Debian's, which need not be on it.
set(ct_peer_why "")
set(ct_found OFF)
set(ct_version "")
set(CT_GO "")
if(CT_PEERS)
        file(GLOB ct_go_folders /usr/lib/go-*/bin /usr/lib/go/bin /usr/local/go/bin)
        find_program(ct_go_on_path go NO_CACHE)
        foreach(candidate ${ct_go_on_path} ${ct_go_folders})
                if(IS_DIRECTORY ${candidate})
                        set(candidate ${candidate}/go)
                endif()
                if(NOT EXISTS ${candidate})
                        continue()
                endif()
                execute_process(COMMAND ${CMAKE_COMMAND} -E env GOTOOLCHAIN=local ${candidate} version
                        OUTPUT_VARIABLE ct_go_says ERROR_QUIET RESULT_VARIABLE ct_go_failed)
                if(NOT ct_go_failed AND ct_go_says MATCHES "go version go([0-9]+\\.[0-9]+(\\.[0-9]+)?)"
                   AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL 1.19
                   AND (ct_version STREQUAL "" OR CMAKE_MATCH_1 VERSION_GREATER ct_version))
                        set(ct_version ${CMAKE_MATCH_1})
                        set(CT_GO ${candidate})
                        set(ct_found ON)
                endif()
        endforeach()
        set(ct_peer_why "no go of 1.19 or newer found, golang-go")
endif()
ct_peer(go ${ct_found} "${ct_version}" golang-go)
