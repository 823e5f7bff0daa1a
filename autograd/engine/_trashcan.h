/* Freeing deep graphs without deep recursion.

   Included ahead of the C that mypyc generates (-include, or /FI for MSVC).  It replaces the pair
   Py_TRASHCAN_BEGIN / Py_TRASHCAN_END between which every generated deallocator drops what the
   object refers to.

   Why: dropping the last node of a chain drops its parent, which drops its own parent, and a chain
   of a million nodes would need a C stack a million calls deep.  CPython's answer, the trashcan,
   puts an object aside when deallocators are nested too deeply and frees it once they have
   returned.  But the trashcan keeps its list in the header of the cyclic collector (or, from 3.14,
   ignores objects without one), and a Value has none: a computation graph is acyclic, so nodes are
   not tracked, which saves 16 bytes and many visits of the collector for each.

   Here the list runs through the word that holds the reference count.  It is free for that: the
   count has reached zero, so nobody has a reference, and the collector finds objects only through
   references or its own header, which a deallocator leaves before this point.

   Rules that make it right:
   - the list and the depth belong to a thread, because a finalizer may let another thread run;
   - only the outermost deallocator empties the list, with itself still counted, so that what it
     frees is at depth 2 and neither recurses beyond LIMIT nor starts a second loop;
   - finalizers (of a label's class, say) may create and free graphs at any point: the list is
     relinked before a deallocator is called, and nothing about it is held across the call;
   - no exception is touched: one in flight stays as it is;
   - depth is counted apart from CPython's own trashcan, so nodes inside nested lists or objects
     are put aside by whichever of the two is full first, and each has a bounded share of the stack.

   Classes compiled with this header may have neither __del__ (it would run again when the object
   is taken off the list) nor weak references (they would meet a count that is not one). */

#ifndef CHAINRULE_TRASHCAN_H
#define CHAINRULE_TRASHCAN_H

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>
#include <stddef.h>
#include <string.h>

#ifdef Py_GIL_DISABLED
#error "free-threaded Python counts references in two fields: install without compiling"
#endif

#ifdef _MSC_VER
#define CHAINRULE_THREAD_LOCAL __declspec(thread)
#else
#define CHAINRULE_THREAD_LOCAL _Thread_local
#endif

/* As many nested deallocators as CPython's trashcan allows. */
#define CHAINRULE_TRASHCAN_LIMIT 50

/* The name and type of the count differ between versions (3.12 splits it for immortal objects,
   3.14 adds flags), but in all of them it is the word before the type. */
#define CHAINRULE_COUNT_WORD(op) ((char *)(op) + offsetof(PyObject, ob_type) - sizeof(PyObject *))

/* Checked wherever this is compiled: a condition that is false makes an array of negative length.
   build_checks.py tries what a compiler can't see. */
#define CHAINRULE_RELIES_ON(name, condition) \
    typedef char chainrule_relies_on_##name[(condition) ? 1 : -1]
CHAINRULE_RELIES_ON(a_word_before_the_type, offsetof(PyObject, ob_type) >= sizeof(PyObject *));
CHAINRULE_RELIES_ON(that_word_being_the_count,
                    offsetof(PyObject, ob_refcnt) < offsetof(PyObject, ob_type) &&
                        offsetof(PyObject, ob_refcnt) + sizeof(PyObject *) >=
                            offsetof(PyObject, ob_type));
CHAINRULE_RELIES_ON(the_type_ending_an_object,
                    offsetof(PyObject, ob_type) + sizeof(PyTypeObject *) == sizeof(PyObject));

static CHAINRULE_THREAD_LOCAL struct {
    int depth;
    PyObject *later;
} chainrule_trashcan;

/* Whether the caller may go on to free `op`; if not, `op` was put aside. */
static inline int chainrule_trashcan_begin(PyObject *op)
{
    if (chainrule_trashcan.depth >= CHAINRULE_TRASHCAN_LIMIT) {
        memcpy(CHAINRULE_COUNT_WORD(op), &chainrule_trashcan.later, sizeof(PyObject *));
        chainrule_trashcan.later = op;
        return 0;
    }
    chainrule_trashcan.depth++;
    return 1;
}

static inline void chainrule_trashcan_end(void)
{
    if (chainrule_trashcan.depth == 1) {
        while (chainrule_trashcan.later != NULL) {
            PyObject *op = chainrule_trashcan.later;
            memcpy(&chainrule_trashcan.later, CHAINRULE_COUNT_WORD(op), sizeof(PyObject *));
            memset(CHAINRULE_COUNT_WORD(op), 0, sizeof(PyObject *));
            /* Not Py_DECREF: CPython's books were closed when the count first reached zero. */
            Py_TYPE(op)->tp_dealloc(op);
        }
    }
    chainrule_trashcan.depth--;
}

#undef Py_TRASHCAN_BEGIN
#undef Py_TRASHCAN_END
#define Py_TRASHCAN_BEGIN(op, dealloc) if (chainrule_trashcan_begin((PyObject *)(op))) {
#define Py_TRASHCAN_END chainrule_trashcan_end(); }

#endif
