"""The storage of an in-place corner turn."""

from amaranth.hdl import Cat, Module, Signal, Value

__all__ = ["CellGrid"]


class CellGrid:
    """A grid of cells that shifts down, shifts right, or holds; cell (i, j) is row i, column j.

    Every second cell holds its bit inverted, so that a cell is one inverting and-or gate and its
    flip-flop whichever way the bit goes on. No cell is reset.
    """

    def __init__(self, rows: int, columns: int, name: str):
        self.rows, self.columns = range(rows), range(columns)
        self._cells = [
            [Signal(name=f"{name}_{i}_{j}", reset_less=True) for j in self.columns]
            for i in self.rows
        ]

    def __getitem__(self, at: tuple[int, int]) -> Value:
        i, j = at
        return self._cells[i][j] ^ ((i + j) & 1)

    @property
    def top(self) -> Value:
        """The row that entered last from above."""
        return Cat(self[0, j] for j in self.columns)

    @property
    def leftmost(self) -> Value:
        """The column that entered last from the left."""
        return Cat(self[i, 0] for i in self.rows)

    @property
    def bottom(self) -> Value:
        """The row that leaves next downward."""
        return Cat(self[self.rows[-1], j] for j in self.columns)

    @property
    def rightmost(self) -> Value:
        """The column that leaves next rightward."""
        return Cat(self[i, self.columns[-1]] for i in self.rows)

    def move(self, mod: Module, shift, down, top, right, left) -> None:
        """On `down` row 0 takes `top`, on `right` column 0 takes `left`; `shift` is either."""
        for i in self.rows:
            for j in self.columns:
                odd = (i + j) & 1
                above = self[i - 1, j] if i else top[j]
                before = self[i, j - 1] if j else left[i]
                cell = self._cells[i][j]
                enter = (down & ~(above ^ odd)) | (right & ~(before ^ odd))
                mod.d.sync += cell.eq(~(enter | ~(shift | cell)))
