/** Values that a shell would read as something else than themselves, were they not quoted. */
export function nastyValues(seed: number, count: number): string[] {
  const pieces = [
    ...["'", '"', '\\', '$', '`', '!', '%', '^', '&', '|', ';', '<', '>', '(', ')', '*', '?', '~'],
    ...['#', '=', ' ', '\t', '\n', '\r', '{', '}', '[', ']', '$HOME', '$(echo x)', '%PATH%', '!!'],
    ...['é', '🙂', '\u2018', '\u2019', '\u201b', '\u0001', '-n', "\\'", "'\\''", 'a', '\\n', '~/'],
  ]
  let state = seed
  const next = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648
    return Math.floor((state / 2147483648) * below)
  }
  const made = Array.from({ length: count }, () =>
    Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join(''),
  )
  return ['', "'", "''", '\\', "\\'", '\n', '\\\n', ' ', '-', ...pieces, ...made]
}
