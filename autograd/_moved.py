"""Modules that have moved, under the names they had in 0.1.0, for pickles and imports of that time.

A pickle names the module of everything in it. Loading an old one asks for `autograd.copying`, say,
and gets `autograd.engine.serialization`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

__all__ = ["MOVED", "RENAMED"]

MOVED: Final = {
    "autograd.causes": "autograd.explaining.diagnoses",
    "autograd.check.components": "autograd.check.tutor.faults_in_components",
    "autograd.check.differences": "autograd.check.finite_differences",
    "autograd.check.gradients": "autograd.check.gradient_check",
    "autograd.check.ideas": "autograd.check.tutor.hypotheses",
    "autograd.check.mistakes": "autograd.check.tutor.common_mistakes",
    "autograd.check.naming": "autograd.check.tutor.naming",
    "autograd.check.places": "autograd.check.tutor.faults_on_paths",
    "autograd.check.recorded": "autograd.check.tutor.recorded_graph",
    "autograd.check.report": "autograd.check.results",
    "autograd.check.rules": "autograd.check.tutor.faults_in_rules",
    "autograd.check.several": "autograd.check.tutor.combined_faults",
    "autograd.check.slips": "autograd.check.tutor.search",
    "autograd.check.values": "autograd.check.tutor.wrong_forward_value",
    "autograd.compiler.arguments": "autograd.compiler.recording.arguments",
    "autograd.compiler.assembly": "autograd.compiler.native.llvm_codegen",
    "autograd.compiler.batch": "autograd.compiler.vmap",
    "autograd.compiler.binding": "autograd.compiler.bound",
    "autograd.compiler.blocks": "autograd.compiler.native.vector_codegen",
    "autograd.compiler.calling": "autograd.compiler.native.cpython_entry",
    "autograd.compiler.csource": "autograd.compiler.native.c_codegen",
    "autograd.compiler.forms": "autograd.compiler.batch_signatures",
    "autograd.compiler.function": "autograd.compiler.jit",
    "autograd.compiler.interpreter": "autograd.compiler.native.interpreter",
    "autograd.compiler.kernels": "autograd.compiler.native.kernels",
    "autograd.compiler.lowering": "autograd.compiler.ir.lowering",
    "autograd.compiler.machine": "autograd.compiler.native.machine",
    "autograd.compiler.passes": "autograd.compiler.ir.passes",
    "autograd.compiler.paths": "autograd.compiler.specializations",
    "autograd.compiler.program": "autograd.compiler.ir.program",
    "autograd.compiler.rowpaths": "autograd.compiler.vector_specializations",
    "autograd.compiler.rows": "autograd.compiler.batching",
    "autograd.compiler.speculation": "autograd.compiler.ir.finite_fast_path",
    "autograd.compiler.tracing": "autograd.compiler.recording.tracing",
    "autograd.compiler.vectors": "autograd.compiler.native.simd_target",
    "autograd.copying": "autograd.engine.serialization",
    "autograd.demo": "autograd.cli.demo",
    "autograd.drawing.dot": "autograd.drawing.dot_language",
    "autograd.drawing.executable": "autograd.drawing.graphviz_program",
    "autograd.drawing.gradients": "autograd.engine.graph",
    "autograd.drawing.groups": "autograd.drawing.collapse",
    "autograd.drawing.models": "autograd.drawing.model_boxes",
    "autograd.drawing.numbers": "autograd.drawing.number_text",
    "autograd.drawing.passes": "autograd.drawing.player.animation",
    "autograd.drawing.values": "autograd.drawing.value_boxes",
    "autograd.expressions": "autograd.reading.expressions",
    "autograd.functions": "autograd.engine.functions",
    "autograd.graph": "autograd.explaining.path_sums",
    "autograd.ieee": "autograd.engine.ieee",
    "autograd.implicit": "autograd.transforms.implicit",
    "autograd.modes": "autograd.engine.modes",
    "autograd.origins": "autograd.explaining.gradient_flow",
    "autograd.primitives": "autograd.engine.primitives",
    "autograd.report": "autograd.cli.tables",
    "autograd.sparse": "autograd.transforms.sparse",
    "autograd.text": "autograd.engine.text",
    "autograd.tree": "autograd.transforms.tree",
    "autograd.value": "autograd.engine.value",
    "autograd.walks": "autograd.engine.graph",
    "nn.activations": "nn.layers",
    "nn.checkpoint": "nn.training.checkpoint",
    "nn.compiled": "nn.training.jit_step",
    "nn.compiled_model": "nn.training.jit_loss",
    "nn.data": "nn.training.dataset",
    "nn.draws": "nn.training.purity",
    "nn.files": "nn.jsonio",
    "nn.history": "nn.training.history",
    "nn.inputs": "nn.validation",
    "nn.networks": "nn.layers",
    "nn.pictures": "nn.plots",
    "nn.progress": "nn.training.progress",
    "nn.steps": "nn.training.training_step",
    "nn.tasks": "nn.training.objective",
}

# Classes that have a new name as well: old module -> old name -> new name.
RENAMED: Final = {"autograd.drawing.passes": {"Step": "Frame"}}


class _Moved:
    """Finds a module by its old name, and gives the one that took its place. (importlib.abc, which
    has the classes for this, takes half as long to import as all of autograd.)"""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MOVED else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(MOVED[spec.name])
        for old, new in RENAMED.get(spec.name, {}).items():
            setattr(module, old, getattr(module, new))
        self._own = module.__spec__  # the import system is about to replace it
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own


sys.meta_path.append(_Moved())
