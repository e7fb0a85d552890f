/*
 * Before the suite's own headers in a peer's C++ file: C11 words as C++ spells them. The headers'
 * inline functions and the families' loop texts are the common part of both languages.
 */
#ifndef CT_BENCH_PEER_CXX_H
#define CT_BENCH_PEER_CXX_H

#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>

#define _Alignas alignas
#define _Alignof alignof
#define _Static_assert static_assert

#endif
