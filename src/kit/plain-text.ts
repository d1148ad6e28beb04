/** What steers a terminal, hides itself, or turns the direction of what follows; not what makes a sign an emoji. */
const UNSAFE =
  /(?<!\p{Extended_Pictographic})\u{fe0f}|[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]--\u{fe0f}]/gv

/** A text in which everything shows: what a terminal would obey or hide is spelled out; line ends stay. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, (one) => {
    if (one === '\n') return one
    if (one === '\t') return '    '
    return `\\u{${one.codePointAt(0)?.toString(16)}}`
  })
}

/** The same in one line of at most so many characters. */
export function plainLine(text: string, length: number): string {
  const line = plainText(text.slice(0, length * 4)).replaceAll('\n', ' ')
  return line.length > length ? `${line.slice(0, length - 1)}…` : line
}

/** Lines of at most `width` columns, so that none can pass for one of our own. */
export function wrapped(line: string, width: number): string[] {
  if (line.length <= width && isAscii(line)) return [line]
  const lines: string[] = []
  let current = ''
  let used = 0
  for (const one of isAscii(line) ? (line.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : line) {
    const columns = Bun.stringWidth(one)
    if (used + columns > width) {
      lines.push(current)
      current = ''
      used = 0
    }
    current += one
    used += columns
  }
  return [...lines, current]
}

/** The same, broken between words where there are any; what one indents is kept. */
export function wrappedWords(line: string, width: number): string[] {
  const lines: string[] = []
  let rest = line
  while (rest.length > width * 4 || Bun.stringWidth(rest) > width) {
    const [first = ''] = wrapped(rest.slice(0, width * 4), width)
    const space = first.lastIndexOf(' ')
    // A word of its own line is broken only where it fills most of one.
    const end = rest[first.length] === ' ' || space < first.length / 2 ? first.length : space
    lines.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  return [...lines, rest]
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

/** The same in one line of at most so many columns, as a terminal shows them. */
export function fittedLine(text: string, columns: number): string {
  const line = plainText(text.slice(0, columns * 4)).replaceAll('\n', ' ')
  if (line.length < text.length && text.length > columns * 4) return cutTo(`${line}…`, columns)
  return cutTo(line, columns)
}

function cutTo(line: string, columns: number): string {
  if (Bun.stringWidth(line) <= columns) return line
  const [first = ''] = wrapped(line, Math.max(1, columns - 1))
  return `${first}…`
}
