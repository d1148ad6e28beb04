// Texts that clients add to a user's turn by themselves; none of them is what the user asked.
const CLIENT_TAGS =
  /<(system-reminder|local-command-[a-z]+|command-[a-z]+|ide_[a-z_]+|environment_context|user_instructions|INSTRUCTIONS)>(?:(?!<\1>)[\s\S])*?<\/\1>/g

/** A user's text without what its client added: reminders, command echoes, environment notes. */
export function realText(text: string): string {
  let rest = text
  // Innermost first: a reminder may quote another one.
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(CLIENT_TAGS, '')
  }
  rest = rest.trim()
  return /^# AGENTS\.md instructions[^\n]*$/.test(rest) ? '' : rest
}

/** The prompt in clauses, each of which may be a command: `slow 3s, long 200`. */
export function clausesOf(prompt: string): string[] {
  return prompt
    .split(/[\n;,]/)
    .map((clause) => clause.trim().replace(/[.!]$/, ''))
    .filter((clause) => clause !== '')
}

/** The first clause that wholly matches, with its groups. */
export function findCommand(prompt: string, pattern: RegExp): RegExpMatchArray | undefined {
  for (const clause of clausesOf(prompt)) {
    const match = clause.match(pattern)
    if (match !== null) return match
  }
  return undefined
}

/** A duration command's milliseconds: `slow 5s`, `silence 200ms`; undefined where it is not there. */
export function durationOf(prompt: string, name: string): number | undefined {
  const match = findCommand(
    prompt,
    new RegExp(`^(?:${name})(?: for)? (\\d+(?:\\.\\d+)?) ?(ms|s|seconds?)?$`, 'i'),
  )
  if (match === undefined) return undefined
  return Math.round(Number(match[1]) * (match[2]?.toLowerCase() === 'ms' ? 1 : 1000))
}

/** Texts that the prompt quotes, in order: backticks first, then double quotes. */
export function quotedOf(prompt: string): string[] {
  const ticks = [...prompt.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
  const quotes = [...prompt.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '')
  return [...ticks, ...quotes]
}
