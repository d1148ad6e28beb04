/** A column of a table. */
export interface Column {
  readonly title: string
  /** Numbers end at the same place. */
  readonly right?: boolean
}

const GAP = '  '

/**
 * A table that may be written in parts: columns are aligned by what a terminal shows, which is neither the length of a
 * text nor that of its colours, and never become narrower.
 */
export class Table {
  readonly #columns: readonly Column[]
  readonly #widths: number[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
    this.#widths = columns.map(({ title }) => Bun.stringWidth(title))
  }

  /** The titles; later rows may be wider, so that it is best asked for after the first rows are known. */
  head(): string {
    return this.#line(this.#columns.map(({ title }) => title))
  }

  /** Makes room for rows. */
  measure(rows: readonly (readonly string[])[]): void {
    for (const row of rows) {
      for (const [index, cell] of row.entries()) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, Bun.stringWidth(cell))
      }
    }
  }

  /** Lines without their ends. */
  lines(rows: readonly (readonly string[])[]): string[] {
    this.measure(rows)
    return rows.map((row) => this.#line(row))
  }

  #line(row: readonly string[]): string {
    const cells = row.map((cell, index) => {
      const fill = ' '.repeat(Math.max(0, (this.#widths[index] ?? 0) - Bun.stringWidth(cell)))
      return this.#columns[index]?.right === true ? fill + cell : cell + fill
    })
    return cells.join(GAP).trimEnd()
  }
}
