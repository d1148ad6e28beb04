/** Random choices that are the same at each run of a test. */
export interface Dice {
  /** A whole number from 0 up to, not including, `sides`. */
  roll(sides: number): number
  /** One of them. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  /** A text in pieces, none of them empty. */
  pieces(text: string): string[]
}

/** Dice from a seed: mulberry32. */
export function dice(seed: number): Dice {
  let state = seed
  const roll = (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides)
  }
  return {
    roll,
    pick: (items) => items[roll(items.length)] ?? items[0],
    pieces(text) {
      const parts: string[] = []
      for (let at = 0; at < text.length; ) {
        const end = at + 1 + roll(text.length - at)
        parts.push(text.slice(at, end))
        at = end
      }
      return parts
    },
  }
}
