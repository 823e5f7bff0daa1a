"""The engine's reverse pass over the nodes that machine code has written down, as machine code
itself: compiled once, for all gradients.

The tape is 7 whole numbers: three arrays (where the links of each node begin, the nodes at their
ends, the local derivatives), how many nodes and links there is room for, how many there are. A link
with the bit CUT set passes nothing on, as one does whose local derivative is 0 and means "no path".
"""

from __future__ import annotations

from functools import cache
from typing import Final

from autograd.compiler.native.llvm_writer import pointer
from autograd.compiler.native.machine import MachineCode, compile_llvm

__all__ = ["CUT", "release", "room", "sweep"]

CUT: Final = -(2**31)
MOST_NODES: Final = 1 << 26
FIRST_ROOM: Final = 1024
"""Nodes, and links, for which there is room at first."""

SWEEP: Final = f"""
declare ptr @realloc(ptr, i64)
declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)

define internal i1 @enlarge(ptr %place, i64 %size) {{
  %old = load ptr, ptr %place
  %new = call ptr @realloc(ptr %old, i64 %size)
  %good = icmp ne ptr %new, null
  br i1 %good, label %keep, label %done
keep:
  store ptr %new, ptr %place
  br label %done
done:
  ret i1 %good
}}

define i8 @room(ptr %tape, i64 %more.nodes, i64 %more.links) {{
  %at.ends = getelementptr i64, ptr %tape, i64 1
  %at.factors = getelementptr i64, ptr %tape, i64 2
  %at.room.nodes = getelementptr i64, ptr %tape, i64 3
  %at.room.links = getelementptr i64, ptr %tape, i64 4
  %at.nodes = getelementptr i64, ptr %tape, i64 5
  %at.links = getelementptr i64, ptr %tape, i64 6
  %nodes = load i64, ptr %at.nodes
  %links = load i64, ptr %at.links
  %have.nodes = load i64, ptr %at.room.nodes
  %have.links = load i64, ptr %at.room.links
  %need.nodes.less = add i64 %nodes, %more.nodes
  %need.nodes = add i64 %need.nodes.less, 1
  %need.links = add i64 %links, %more.links
  %nodes.fit = icmp ule i64 %need.nodes, %have.nodes
  %links.fit = icmp ule i64 %need.links, %have.links
  %fit = and i1 %nodes.fit, %links.fit
  br i1 %fit, label %good, label %grow
grow:
  %few.nodes = icmp ult i64 %need.nodes, {MOST_NODES}
  %few.links = icmp ult i64 %need.links, {4 * MOST_NODES}
  %few = and i1 %few.nodes, %few.links
  br i1 %few, label %nodes.room, label %bad
nodes.room:
  %twice.nodes = mul i64 %need.nodes, 2
  %new.nodes = add i64 %twice.nodes, {FIRST_ROOM}
  %size.nodes = mul i64 %new.nodes, 4
  %got.nodes = call i1 @enlarge(ptr %tape, i64 %size.nodes)
  br i1 %got.nodes, label %links.room, label %bad
links.room:
  store i64 %new.nodes, ptr %at.room.nodes
  %twice.links = mul i64 %need.links, 2
  %new.links = add i64 %twice.links, {FIRST_ROOM}
  %size.ends = mul i64 %new.links, 4
  %got.ends = call i1 @enlarge(ptr %at.ends, i64 %size.ends)
  br i1 %got.ends, label %factors.room, label %bad
factors.room:
  %size.factors = mul i64 %new.links, 8
  %got.factors = call i1 @enlarge(ptr %at.factors, i64 %size.factors)
  br i1 %got.factors, label %all.room, label %bad
all.room:
  store i64 %new.links, ptr %at.room.links
  br label %good
good:
  ret i8 1
bad:
  ret i8 0
}}

define void @release(ptr %tape) {{
  %at.ends = getelementptr i64, ptr %tape, i64 1
  %at.factors = getelementptr i64, ptr %tape, i64 2
  %starts = load ptr, ptr %tape
  %ends = load ptr, ptr %at.ends
  %factors = load ptr, ptr %at.factors
  call void @free(ptr %starts)
  call void @free(ptr %ends)
  call void @free(ptr %factors)
  ret void
}}

define i8 @sweep(ptr %tape, i64 %root, i64 %seeds, ptr %out) {{
entry:
  %is.node = icmp sge i64 %root, 0
  %last = select i1 %is.node, i64 %root, i64 0
  %enough = icmp sgt i64 %last, %seeds
  %most = select i1 %enough, i64 %last, i64 %seeds
  %count = add i64 %most, 1
  %room.ready = mul i64 %count, 4
  %adjoints = call ptr @calloc(i64 %count, i64 8)
  %waiting = call ptr @calloc(i64 %count, i64 4)
  %ready = call ptr @malloc(i64 %room.ready)
  %has.adjoints = icmp ne ptr %adjoints, null
  %has.waiting = icmp ne ptr %waiting, null
  %has.ready = icmp ne ptr %ready, null
  %has.two = and i1 %has.adjoints, %has.waiting
  %has.all = and i1 %has.two, %has.ready
  br i1 %has.all, label %begin, label %leave
begin:
  %at.ends = getelementptr i64, ptr %tape, i64 1
  %at.factors = getelementptr i64, ptr %tape, i64 2
  %starts = load ptr, ptr %tape
  %ends = load ptr, ptr %at.ends
  %factors = load ptr, ptr %at.factors
  br i1 %is.node, label %seed, label %results
seed:
  %root.adjoint = getelementptr double, ptr %adjoints, i64 %root
  store double 1.0, ptr %root.adjoint
  %root.waiting = getelementptr i32, ptr %waiting, i64 %root
  store i32 1, ptr %root.waiting
  br label %count.node
count.node:
  %i = phi i64 [ %root, %seed ], [ %i.next, %count.next ]
  %is.inner = icmp sge i64 %i, %seeds
  br i1 %is.inner, label %count.look, label %sweep.begin
count.look:
  %i.waiting.at = getelementptr i32, ptr %waiting, i64 %i
  %i.waiting = load i32, ptr %i.waiting.at
  %is.met = icmp ne i32 %i.waiting, 0
  br i1 %is.met, label %count.links, label %count.next
count.links:
  %i.start.at = getelementptr i32, ptr %starts, i64 %i
  %i.end.at = getelementptr i32, ptr %i.start.at, i64 1
  %i.start = load i32, ptr %i.start.at
  %i.end = load i32, ptr %i.end.at
  br label %count.link
count.link:
  %e = phi i32 [ %i.start, %count.links ], [ %e.next, %count.one ]
  %e.more = icmp ult i32 %e, %i.end
  br i1 %e.more, label %count.one, label %count.next
count.one:
  %e.wide = zext i32 %e to i64
  %x.at = getelementptr i32, ptr %ends, i64 %e.wide
  %x.marked = load i32, ptr %x.at
  %x = and i32 %x.marked, {2**31 - 1}
  %x.wide = zext i32 %x to i64
  %x.waiting.at = getelementptr i32, ptr %waiting, i64 %x.wide
  %x.waiting = load i32, ptr %x.waiting.at
  %x.waiting.more = add i32 %x.waiting, 1
  store i32 %x.waiting.more, ptr %x.waiting.at
  %e.next = add i32 %e, 1
  br label %count.link
count.next:
  %i.next = sub i64 %i, 1
  br label %count.node
sweep.begin:
  %root.short = trunc i64 %root to i32
  store i32 %root.short, ptr %ready
  br label %take
take:
  %top = phi i64 [ 1, %sweep.begin ], [ %top.less, %take.one ], [ %top.now, %send.link ]
  %is.some = icmp ne i64 %top, 0
  br i1 %is.some, label %take.one, label %results
take.one:
  %top.less = sub i64 %top, 1
  %n.at = getelementptr i32, ptr %ready, i64 %top.less
  %n.short = load i32, ptr %n.at
  %n = zext i32 %n.short to i64
  %n.inner = icmp sge i64 %n, %seeds
  br i1 %n.inner, label %send, label %take
send:
  %adjoint.at = getelementptr double, ptr %adjoints, i64 %n
  %adjoint = load double, ptr %adjoint.at
  %sends = fcmp une double %adjoint, 0.0
  %n.start.at = getelementptr i32, ptr %starts, i64 %n
  %n.end.at = getelementptr i32, ptr %n.start.at, i64 1
  %n.start = load i32, ptr %n.start.at
  %n.end = load i32, ptr %n.end.at
  br label %send.link
send.link:
  %l = phi i32 [ %n.start, %send ], [ %l.next, %sent ]
  %top.now = phi i64 [ %top.less, %send ], [ %top.after, %sent ]
  %l.more = icmp ult i32 %l, %n.end
  br i1 %l.more, label %send.one, label %take
send.one:
  %l.wide = zext i32 %l to i64
  %y.at = getelementptr i32, ptr %ends, i64 %l.wide
  %y.marked = load i32, ptr %y.at
  %is.open = icmp sge i32 %y.marked, 0
  %y = and i32 %y.marked, {2**31 - 1}
  %y.wide = zext i32 %y to i64
  %passes = and i1 %sends, %is.open
  br i1 %passes, label %pass, label %report
pass:
  %factor.at = getelementptr double, ptr %factors, i64 %l.wide
  %factor = load double, ptr %factor.at
  %message = fmul double %adjoint, %factor
  %y.adjoint.at = getelementptr double, ptr %adjoints, i64 %y.wide
  %y.adjoint = load double, ptr %y.adjoint.at
  %y.sum = fadd double %y.adjoint, %message
  store double %y.sum, ptr %y.adjoint.at
  br label %report
report:
  %y.waiting.at = getelementptr i32, ptr %waiting, i64 %y.wide
  %y.waiting = load i32, ptr %y.waiting.at
  %y.waiting.less = sub i32 %y.waiting, 1
  store i32 %y.waiting.less, ptr %y.waiting.at
  %y.ready = icmp eq i32 %y.waiting.less, 0
  br i1 %y.ready, label %put, label %sent
put:
  %put.at = getelementptr i32, ptr %ready, i64 %top.now
  store i32 %y, ptr %put.at
  %top.more = add i64 %top.now, 1
  br label %sent
sent:
  %top.after = phi i64 [ %top.now, %report ], [ %top.more, %put ]
  %l.next = add i32 %l, 1
  br label %send.link
results:
  %k = phi i64 [ 0, %begin ], [ 0, %take ], [ %k.next, %result ]
  %k.more = icmp ult i64 %k, %seeds
  br i1 %k.more, label %result, label %leave
result:
  %k.at = getelementptr double, ptr %adjoints, i64 %k
  %k.adjoint = load double, ptr %k.at
  %k.plus = fadd double %k.adjoint, 0.0
  %k.out = getelementptr double, ptr %out, i64 %k
  store double %k.plus, ptr %k.out
  %k.next = add i64 %k, 1
  br label %results
leave:
  call void @free(ptr %adjoints)
  call void @free(ptr %waiting)
  call void @free(ptr %ready)
  %done = zext i1 %has.all to i8
  ret i8 %done
}}
"""
"""The engine's reverse pass (`_send_messages` in autograd/engine/backward.py) over such nodes; in
`room`, the arrays grow."""


@cache
def _code() -> MachineCode:
    return compile_llvm(SWEEP, loops=True)


def room() -> str:
    """`i8 room(tape, i64 nodes, i64 links)`: 1, if there is room for so many more by now."""
    return pointer(_code().address("room"))


def sweep() -> str:
    """`i8 sweep(tape, i64 root, i64 seeds, out)`: 1, and the derivatives of a node, or of none
    (-1), by the first nodes; 0 where there is no memory."""
    return pointer(_code().address("sweep"))


def release() -> str:
    """`void release(tape)`: give the arrays back."""
    return pointer(_code().address("release"))
