"""Which tensors of a network an accelerator writes to memory: one rule for every framework.

An accelerator computes a chain in one pass: a convolution, matrix product or other operator that
begins it, then whatever is done value by value (bias, normalisation with constants, activation)
until the map is written. A map counts when it is read outside of the chain that computes it.
Views and joins move nothing; the network's input and what is only rescaled of it are there
already. A normalisation or softmax that is written out reads its map twice: the map in front of
it and the one behind it are stored, nothing between. doc/evaluation.md states the rule.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from fmcodec_eval.capture.graph import Graph, Node, Role, Sign, Value

__all__ = ["Finding", "stored"]

_INDICES = "<indices>"  # the one root of all that is made of integers alone
_MEMBERS = (Role.POINTWISE, Role.REDUCES)


@dataclass(frozen=True)
class Finding:
    """What the rule says of one tensor.

    Attributes:
        tensor: its name in the graph.
        node: the operator that computes it.
        captured: whether it is written to memory as a map.
        rectified: whether no value is below zero, by construction.
        reason: why, in words.
    """

    tensor: str
    node: Node
    captured: bool
    rectified: bool
    reason: str


@dataclass
class _Flow:
    """What one walk through the graph finds.

    Attributes:
        root: of every tensor that carries data, the tensor that its chain begins with.
        chain: the chain that computes it; another one than `root` where that is read twice.
        given: roots that are in memory before the network runs.
        virtual: roots that are views of several tensors or of a part.
        alias: what a view is a view of.
        reads: what a chain that an elementwise operator begins reads from memory, by its root.
        fixed: tensors that no input changes.
        sources: reductions that a statistic is made of; not set where single values are left.
        confirmed: reductions whose result meets the map that they reduced.
    """

    root: dict[str, str] = field(default_factory=dict)
    chain: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=lambda: {_INDICES})
    virtual: set[str] = field(default_factory=set)
    alias: dict[str, str] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    sources: dict[str, frozenset[str]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)

    def whole(self, tensor: str) -> str:
        """The tensor whose memory a view shows."""
        while tensor in self.alias:
            tensor = self.alias[tensor]
        return tensor


def stored(graph: Graph, fuse_adds: bool = False) -> list[Finding]:
    """What the rule says of every tensor that an operator computes from the inputs, in order.

    Args:
        graph: the network.
        fuse_adds: a residual sum is done in the pass of the operand which is computed last and
            which nothing else reads: that operand is then not written.
    """
    rule = _Rule(graph)
    readers = rule.readers(fuse_adds)
    return [
        rule.finding(tensor, node, readers)
        for node in graph.nodes
        for tensor in node.outputs
        if tensor not in rule.flow.fixed
    ]


class _Rule:
    """The rule on one graph; `flow` is the last walk, when nothing is open any more."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producer = {tensor: node for node in graph.nodes for tensor in node.outputs}
        self.uses: dict[str, list[Node]] = defaultdict(list)
        for node in graph.nodes:
            for tensor in dict.fromkeys(node.inputs):
                self.uses[tensor].append(node)
        self.pools: set[str] = set()  # outputs of reductions that are no statistics
        self.roots: set[str] = set()  # maps that a normalisation reads twice
        self.flow = self._settled()
        self.rectified = self._signs()

    def _settled(self) -> _Flow:
        """Walk until it is known which reductions are statistics, and of which map."""
        while True:
            flow = self._walk()
            if not self._learn(flow):
                return flow

    def _walk(self) -> _Flow:
        flow = _Flow(fixed=set(self.graph.constants))
        for name in self.graph.inputs:
            flow.root[name] = name if self._value(name).is_map else _INDICES
            flow.given.add(flow.root[name])
        for node in self.graph.nodes:
            self._step(flow, node)
        return flow

    def _step(self, flow: _Flow, node: Node) -> None:
        open_inputs = [name for name in node.inputs if name not in flow.fixed]
        if node.role is Role.STATE:
            for out in node.outputs:
                flow.root[out] = out
                flow.given.add(out)
            return
        if node.role is Role.SHAPE or not open_inputs:
            flow.fixed.update(node.outputs)
            return
        data = [name for name in open_inputs if flow.root[name] != _INDICES]
        for out in node.outputs:
            chain = self._chain(flow, node, out, data)
            restarts = out in self.roots and chain != _INDICES
            flow.chain[out], flow.root[out] = chain, out if restarts else chain
            if data and chain not in (out, _INDICES):
                self._follow(flow, node, out, data)

    def _chain(self, flow: _Flow, node: Node, out: str, data: list[str]) -> str:
        """The tensor that the chain of `out` begins with: an earlier one, or `out` itself."""
        role, roots = node.role, list(dict.fromkeys(flow.root[name] for name in data))
        if not data:  # made of indices: a lookup in a table computes a map, a mask is none
            lookup = role in (Role.SELECTS, Role.MACS) and self._value(out).is_map
            return out if lookup else _INDICES
        if not self._value(out).is_map and role not in (Role.VIEW, Role.MACS):
            sums = role is Role.POINTWISE and all(self._is_accumulator(root) for root in roots)
            return roots[0] if sums and len(roots) == 1 else _INDICES
        if role is Role.VIEW:
            return roots[0]
        if role is Role.SELECTS and not self._goes_on(flow, node, data):
            (flow.given if set(roots) <= flow.given else flow.virtual).add(out)
            return out
        if out in self.pools or role not in (*_MEMBERS, Role.SELECTS):
            return out
        if len(roots) == 1:
            return roots[0]
        return self._same_pass(flow, data, roots) or self._begin_pass(flow, out, data)

    def _is_accumulator(self, root: str) -> bool:
        """Whether a chain begins with integer sums of products, whose scale comes later."""
        made = self.producer.get(root)
        return made is not None and made.role is Role.MACS and not self._value(root).is_map

    def _same_pass(self, flow: _Flow, data: list[str], roots: list[str]) -> str | None:
        """The elementwise pass that computes one operand and reads the others anyway, or None."""
        for root in roots:
            others = {flow.whole(name) for name in data if flow.root[name] != root}
            if root in flow.reads and others <= flow.reads[root]:
                return root
        return None

    def _begin_pass(self, flow: _Flow, out: str, data: list[str]) -> str:
        flow.reads[out] = {flow.whole(name) for name in data}
        return out

    def _goes_on(self, flow: _Flow, node: Node, data: list[str]) -> bool:
        """Whether a selection is a step of the chain: what it leaves out, nothing ever reads."""
        if len(data) != 1 or len(node.outputs) != 1:
            return False
        if self._same_shape(data, node.outputs[0]):
            return True
        tensors = [data[0]]
        while tensors[-1] in flow.alias:
            tensors.append(flow.alias[tensors[-1]])
        if flow.root[data[0]] in flow.given | flow.virtual:
            return False
        return all(len(self.uses[t]) == 1 and t not in self.graph.outputs for t in tensors)

    def _same_shape(self, data: list[str], out: str) -> bool:
        shape = self._value(out).shape
        return shape is not None and shape == self._value(data[0]).shape

    def _follow(self, flow: _Flow, node: Node, out: str, data: list[str]) -> None:
        """Views, and statistics on their way back to the map that they were made of."""
        if node.role is Role.VIEW or (node.role is Role.SELECTS and self._same_shape(data, out)):
            flow.alias[out] = data[0]
        made = [flow.sources.get(name) for name in data]
        if node.role is Role.REDUCES:
            flow.sources[out] = frozenset({out}).union(*filter(None, made))
        elif all(made):
            flow.sources[out] = frozenset[str]().union(*filter(None, made))
        else:
            flow.confirmed.update(*filter(None, made))

    def _learn(self, flow: _Flow) -> bool:
        """Take one more reduction for what it is; whether there was one."""
        for node in self.graph.nodes:
            for out in node.outputs:
                if node.role is not Role.REDUCES or out not in flow.sources:
                    continue
                if out not in flow.confirmed:
                    self.pools.add(out)
                    return True
                root = flow.root[out]
                if root in self.roots or root in flow.given:
                    continue  # a second statistic of the same map
                self.roots.add(self._twice_read(flow, node))
                return True
        return False

    def _twice_read(self, flow: _Flow, node: Node) -> str:
        """The map that a statistic is of: up the chain to what others read as well."""
        root = flow.root[node.outputs[0]]
        tensor = next(name for name in node.inputs if flow.root.get(name) == root)
        while tensor != root and len(self.uses[tensor]) == 1:
            before = self.producer[tensor].inputs
            tensor = next(name for name in before if flow.root.get(name) == root)
        return tensor

    def readers(self, fuse_adds: bool) -> dict[str, list[Node]]:
        """Who reads every tensor that is stored, from memory."""
        flow, found = self.flow, defaultdict[str, list[Node]](list)
        for node in self.graph.nodes:
            shows = any(flow.alias.get(out) in node.inputs for out in node.outputs)
            if shows or node.role is Role.SHAPE:
                continue  # a view reads nothing: who reads it reads what it shows
            chains = {flow.chain.get(out) for out in node.outputs}
            for name in dict.fromkeys(node.inputs):
                root = flow.root.get(name, _INDICES)
                if self._in_pass(flow, node, name):
                    continue
                twice = root in self.roots and flow.whole(name) == flow.whole(root)
                if root not in flow.given and (root not in chains or twice):
                    found[flow.whole(name)].append(node)
        for name in self.graph.outputs:
            if flow.root.get(name, _INDICES) not in flow.given:
                found[flow.whole(name)] += []
        if fuse_adds:
            self._fuse_adds(found)
        return {name: nodes for name, nodes in found.items() if name not in flow.virtual}

    def _in_pass(self, flow: _Flow, node: Node, name: str) -> bool:
        """Whether an elementwise pass computes an operand itself, of a part that lies in memory."""
        begins = any(out in flow.reads for out in node.outputs)
        part = flow.root.get(name) in flow.virtual and flow.whole(name) not in flow.virtual
        return begins and part and len(self.uses[name]) == 1 and name not in self.graph.outputs

    def _fuse_adds(self, found: dict[str, list[Node]]) -> None:
        flow = self.flow
        order = {out: at for at, node in enumerate(self.graph.nodes) for out in node.outputs}
        shown = {flow.whole(name) for name in self.graph.outputs}
        for node in self.graph.nodes:
            out = node.outputs[0] if node.outputs else ""
            if node.op.lower().rstrip("_") not in _SUMS or flow.root.get(out) != out:
                continue
            terms = [flow.whole(name) for name in node.inputs if name in flow.root]
            alone = [
                term
                for term in terms
                if found.get(term) == [node]
                and term not in shown
                and flow.chain[term] in self.producer  # an operator of its own begins its chain
                and flow.root[term] not in flow.virtual
            ]
            if alone and len(set(terms)) > 1:
                del found[max(alone, key=lambda term: order[term])]

    def finding(self, tensor: str, node: Node, readers: dict[str, list[Node]]) -> Finding:
        """A tensor with the reason why it counts or does not."""
        captured = tensor in readers and tensor not in self.flow.alias
        reason = self._why(tensor, node, readers, captured)
        return Finding(tensor, node, captured, tensor in self.rectified, reason)

    def _why(self, tensor: str, node: Node, readers: dict[str, list[Node]], captured: bool) -> str:
        flow, root = self.flow, self.flow.root[tensor]
        if captured:
            names = list(dict.fromkeys(reader.name for reader in readers[tensor]))
            if flow.whole(tensor) in {flow.whole(name) for name in self.graph.outputs}:
                names.insert(0, "whoever runs the network")
            return "read by " + ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
        if node.role is Role.STATE:
            return "state of an earlier run, read from memory"
        if root == _INDICES:
            return "made of integers: indices, a mask or a one-hot"
        if root in flow.given:
            return "the network's input or a state, in another form"
        if tensor in flow.alias or tensor in flow.virtual:
            return "a view: other tensors' values, addressed in another way"
        if tensor not in readers and not self.uses[tensor] and tensor not in self.graph.outputs:
            return "read by nothing"
        if root in self.roots and tensor != root:
            return f"inside a normalisation or softmax of {self._name(root)} that is written out"
        following = list(self.uses[tensor])
        for use in following:  # grows: behind a view comes who reads it
            if use.role is Role.VIEW:
                following += [each for out in use.outputs for each in self.uses[out]]
        ops = dict.fromkeys(use.op for use in following if use.role is not Role.VIEW)
        return f"fused: {', '.join(ops)} in the same pass"

    def _name(self, tensor: str) -> str:
        return self.producer[tensor].name if tensor in self.producer else tensor

    def _value(self, name: str) -> Value:
        return self.graph.values.get(name, Value("float32"))

    def _signs(self) -> set[str]:
        """Tensors that have no value below zero, by construction."""
        found: set[str] = set()
        for node in self.graph.nodes:
            data = [name for name in node.inputs if name in self.flow.root]
            kept = node.sign is Sign.KEEPS and data and all(name in found for name in data)
            if node.sign is Sign.RECTIFIES or kept:
                found.update(node.outputs)
        return found


_SUMS = {"add", "sum", "qlinearadd", "add_n"}
