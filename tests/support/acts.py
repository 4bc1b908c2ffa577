"""The codes of acts that the code of a site writes into an audit trail, and the names of their details, read from its source.

A writer is a function with the place of its argument `action`; a function that passes an argument of its own on is a writer,
too. What is written as f"{which}.exported" is given as "*.exported".
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Writers = dict[tuple[str, str], int]
"""(module, function) -> place of the argument that is the code; module "" is a function that was handed in."""


@dataclass(frozen=True)
class Module:
    """A module, what it calls by which name (name -> (module, function)), and its calls of names with the innermost function that
    each stands in."""

    name: str
    tree: ast.Module
    names: Mapping[str, tuple[str, str]]
    called: Sequence[tuple[Function | None, ast.Call]]

    def values(self, name: str) -> list[ast.expr]:
        """What a name stands for, wherever in the module it is set."""
        found: list[ast.expr] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        found.append(node.value)
                    elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs = zip(target.elts, node.value.elts, strict=True)
                        found += [
                            value for one, value in pairs if isinstance(one, ast.Name) and one.id == name
                        ]
        return found


def written_acts(root: Path, writers: Writers) -> set[str]:
    """Every code that the package at `root` gives to one of the writers. AssertionError for one that cannot be read."""
    return _read(root, writers)[0]


def written_details(root: Path, writers: Writers) -> set[str]:
    """Every name of a detail that the package at `root` gives to one of the writers, or that a writer gives itself."""
    _codes, modules, writers = _read(root, writers)
    found: set[str] = set()
    for module in modules:
        for function, call, place in calls(module, writers):
            for value in [*call.args[place + 1 :], *call.keywords]:
                found |= detail_names(value, module, function)
        for node in ast.walk(module.tree):
            if isinstance(node, Function) and (module.name, node.name) in writers:
                found |= detail_names(ast.Name("details"), module, node)
    return found


def _read(root: Path, writers: Writers) -> tuple[set[str], list[Module], Writers]:
    """The codes, the modules, and the writers with those that pass an argument of their own on."""
    modules = modules_of(root)
    writers = dict(writers)
    found: set[str] = set()
    while True:
        known = len(writers)
        for module in modules:
            for function, call, place in calls(module, writers):
                if place < len(call.args):
                    own = [argument.arg for argument in function.args.args] if function else []
                    found |= codes(call.args[place], module, own, (function, writers))
        if len(writers) == known:
            return found, modules, writers


def detail_names(value: ast.AST, module: Module, function: Function | None) -> set[str]:
    """The names that a keyword, a dict, or what stands for one gives."""
    if isinstance(value, ast.keyword):
        return {value.arg} if value.arg else detail_names(value.value, module, function)
    if isinstance(value, ast.Dict):
        own = {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
        inner = [one for key, one in zip(value.keys, value.values, strict=True) if key is None]
        return own.union(*(detail_names(one, module, function) for one in inner))
    if isinstance(value, ast.DictComp) and isinstance(value.generators[0].iter, ast.Tuple):
        return {str(one.value) for one in value.generators[0].iter.elts if isinstance(one, ast.Constant)}
    if isinstance(value, ast.Attribute):
        sought, within = value.attr, module.tree
    elif isinstance(value, ast.Name):
        sought, within = value.id, function or module.tree
    else:
        return set()
    set_to = [
        node.value
        for node in ast.walk(within)
        if isinstance(node, ast.Assign)
        and any(sought == getattr(one, "attr", getattr(one, "id", "")) for one in node.targets)
    ]
    return set[str]().union(*(detail_names(one, module, function) for one in set_to if one is not value))


@cache
def modules_of(root: Path) -> list[Module]:
    """The modules of the package at `root`, read once."""
    return [module_of(path, root.parent) for path in sorted(root.rglob("*.py"))]


def module_of(path: Path, base: Path) -> Module:
    """The module of a file, with the functions that it imports or has."""
    name = ".".join(path.relative_to(base).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    names = {node.name: (name, node.name) for node in ast.walk(tree) if isinstance(node, Function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {one.asname or one.name: (node.module, one.name) for one in node.names}
    return Module(name, tree, names, list(named_calls(tree, None)))


def named_calls(node: ast.AST, inside: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
    """Each call of a name below a node: the innermost function that it stands in, and the call."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            yield inside, child
        yield from named_calls(child, child if isinstance(child, Function) else inside)


def calls(module: Module, writers: Writers) -> Iterator[tuple[Function | None, ast.Call, int]]:
    """Each call of a writer: the innermost function that it stands in, the call, the place of the code."""
    for function, call in module.called:
        assert isinstance(call.func, ast.Name)
        place = writers.get(module.names.get(call.func.id, ("", call.func.id)))
        if place is not None:
            yield function, call, place


def codes(
    value: ast.expr,
    module: Module,
    own: list[str],
    where: tuple[Function | None, Writers],
) -> set[str]:
    """The codes that an expression may be; an argument of the function around it makes that a writer."""
    function, writers = where
    if isinstance(value, ast.Constant):
        return {str(value.value)}
    if isinstance(value, ast.IfExp):
        return codes(value.body, module, own, where) | codes(value.orelse, module, own, where)
    if isinstance(value, ast.JoinedStr):
        return {"".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in value.values)}
    if isinstance(value, ast.Name) and function is not None and value.id in own:
        writers[module.name, function.name] = own.index(value.id)
        return set()
    if isinstance(value, ast.Name) and (values := module.values(value.id)):
        return set[str]().union(*(codes(one, module, own, where) for one in values))
    raise AssertionError(f"{module.name}: what is {ast.unparse(value)}?")
