/* cmocka_all.h: cmocka with the headers it wants before it. */
#ifndef LA_TESTS_CMOCKA_ALL_H
#define LA_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
