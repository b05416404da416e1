/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* For plugin.h: lists of 1 to 16 arguments in macros. */
#ifndef KAIROS_DETAIL_C_LISTS_H
#define KAIROS_DETAIL_C_LISTS_H

#define KAIROS_C_SEVENTEENTH_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, count, ...) count
#define KAIROS_C_COUNT_(...) KAIROS_C_SEVENTEENTH_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define KAIROS_C_PASTE_(a, b) KAIROS_C_PASTE2_(a, b)
#define KAIROS_C_PASTE2_(a, b) a##b

/* M(argument) for each argument. */
#define KAIROS_C_EACH_(M, ...) KAIROS_C_PASTE_(KAIROS_C_EACH_, KAIROS_C_COUNT_(__VA_ARGS__))(M, __VA_ARGS__)
#define KAIROS_C_EACH_1(M, a) M(a)
#define KAIROS_C_EACH_2(M, a, ...) M(a) KAIROS_C_EACH_1(M, __VA_ARGS__)
#define KAIROS_C_EACH_3(M, a, ...) M(a) KAIROS_C_EACH_2(M, __VA_ARGS__)
#define KAIROS_C_EACH_4(M, a, ...) M(a) KAIROS_C_EACH_3(M, __VA_ARGS__)
#define KAIROS_C_EACH_5(M, a, ...) M(a) KAIROS_C_EACH_4(M, __VA_ARGS__)
#define KAIROS_C_EACH_6(M, a, ...) M(a) KAIROS_C_EACH_5(M, __VA_ARGS__)
#define KAIROS_C_EACH_7(M, a, ...) M(a) KAIROS_C_EACH_6(M, __VA_ARGS__)
#define KAIROS_C_EACH_8(M, a, ...) M(a) KAIROS_C_EACH_7(M, __VA_ARGS__)
#define KAIROS_C_EACH_9(M, a, ...) M(a) KAIROS_C_EACH_8(M, __VA_ARGS__)
#define KAIROS_C_EACH_10(M, a, ...) M(a) KAIROS_C_EACH_9(M, __VA_ARGS__)
#define KAIROS_C_EACH_11(M, a, ...) M(a) KAIROS_C_EACH_10(M, __VA_ARGS__)
#define KAIROS_C_EACH_12(M, a, ...) M(a) KAIROS_C_EACH_11(M, __VA_ARGS__)
#define KAIROS_C_EACH_13(M, a, ...) M(a) KAIROS_C_EACH_12(M, __VA_ARGS__)
#define KAIROS_C_EACH_14(M, a, ...) M(a) KAIROS_C_EACH_13(M, __VA_ARGS__)
#define KAIROS_C_EACH_15(M, a, ...) M(a) KAIROS_C_EACH_14(M, __VA_ARGS__)
#define KAIROS_C_EACH_16(M, a, ...) M(a) KAIROS_C_EACH_15(M, __VA_ARGS__)

/* "a", "b" as the literal "a,b". */
#define KAIROS_C_JOIN_(...) KAIROS_C_PASTE_(KAIROS_C_JOIN_, KAIROS_C_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define KAIROS_C_AFTER_COMMA_(a) "," a
#define KAIROS_C_JOIN_1(a) a
#define KAIROS_C_JOIN_2(a, ...) a KAIROS_C_EACH_1(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_3(a, ...) a KAIROS_C_EACH_2(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_4(a, ...) a KAIROS_C_EACH_3(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_5(a, ...) a KAIROS_C_EACH_4(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_6(a, ...) a KAIROS_C_EACH_5(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_7(a, ...) a KAIROS_C_EACH_6(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_8(a, ...) a KAIROS_C_EACH_7(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_9(a, ...) a KAIROS_C_EACH_8(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_10(a, ...) a KAIROS_C_EACH_9(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_11(a, ...) a KAIROS_C_EACH_10(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_12(a, ...) a KAIROS_C_EACH_11(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_13(a, ...) a KAIROS_C_EACH_12(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_14(a, ...) a KAIROS_C_EACH_13(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_15(a, ...) a KAIROS_C_EACH_14(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)
#define KAIROS_C_JOIN_16(a, ...) a KAIROS_C_EACH_15(KAIROS_C_AFTER_COMMA_, __VA_ARGS__)

/* "a", "b" as a list in JSON. It begins with a null, which readers skip, so that every entry can begin with a comma. */
#define KAIROS_C_JSON_LIST_(...) "[null" KAIROS_C_EACH_(KAIROS_C_JSON_WORD_, __VA_ARGS__) "]"
#define KAIROS_C_JSON_WORD_(a) ",\"" a "\""

#endif
