import { isRecord } from '../../kit/json.ts'
import { quotedOf } from './prompt.ts'
import { type SampleHints, sampleOfSchema } from './schema-sample.ts'
import type { DemoTool, DemoTurn } from './turn.ts'

/** One call that the demo decided on. */
export interface PlannedCall {
  readonly tool: DemoTool
  /** Object for a tool with a schema, text for a custom tool. */
  readonly input: unknown
}

const SHELL =
  /^(?:bash|shell|exec_command|run_command|run_shell_command|run_terminal_cmd|execute_command|terminal|local_shell)$/i
const RUN = /\b(?:run|execute|exec)\b/i
const PLAIN_COMMANDS =
  /^(?:please )?(?:run|execute):? ((?:echo|ls|pwd|date|cat|uname|whoami|sleep)\b[^\n]*)$/im
// Verbs that say nothing of what a tool is for: `get_weather` is asked for by "weather".
const VERBS = new Set([
  'get',
  'fetch',
  'do',
  'make',
  'find',
  'the',
  'my',
  'to',
  'a',
  'tool',
  'current',
])

/** The calls that are due now; empty when the turn is to be answered in text. */
export function planCalls(turn: DemoTurn): PlannedCall[] {
  const { demand } = turn
  if (turn.tools.length === 0 || demand.type === 'none') return []
  const rounds = planRounds(turn)
  const due = rounds[turn.rounds]
  if (demand.type === 'auto') return due ?? []
  if (demand.type === 'any') return due ?? rounds[0] ?? [callOf(turn, turn.tools[0])].flat()
  const forced = turn.tools.find((tool) => demand.type === 'tool' && tool.name === demand.name)
  const dueForced = (due ?? []).filter((call) => call.tool === forced)
  return dueForced.length > 0 ? dueForced : callOf(turn, forced)
}

function planRounds(turn: DemoTurn): PlannedCall[][] {
  const shell = turn.tools.find((tool) => SHELL.test(tool.name))
  const commands = shell === undefined ? [] : commandRounds(turn.prompt)
  const rounds =
    shell !== undefined && commands.length > 0
      ? commands.map((round) => round.map((command) => shellCall(shell, command)))
      : namedCalls(turn)
  return turn.parallel ? rounds : rounds.flat().map((call) => [call])
}

/** Commands to run, those of one round together: "run `a` and `b`, then `c`" gives two rounds. */
function commandRounds(prompt: string): string[][] {
  if (!RUN.test(prompt)) return []
  const plain = prompt.match(PLAIN_COMMANDS)?.[1]
  if (!prompt.includes('`') && plain !== undefined) return [[plain.trim()]]
  const outsideTicks = prompt.split(/\bthen\b(?=(?:[^`]*`[^`]*`)*[^`]*$)/i)
  return outsideTicks
    .map((part) => [...part.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''))
    .filter((round) => round.length > 0)
}

function shellCall(tool: DemoTool, command: string): PlannedCall {
  const known = {
    command,
    cmd: command,
    script: command,
    description: 'Run a command for the demo',
  }
  const input = sampleOfSchema(tool.schema ?? {}, {
    text: () => command,
    known: {},
    wanted: Object.keys(known).filter((key) => key !== 'description'),
  })
  const base = isRecord(input) ? input : {}
  const properties = isRecord(tool.schema?.properties) ? tool.schema.properties : {}
  for (const [key, value] of Object.entries(known)) {
    const property = properties[key]
    if (!isRecord(property)) continue
    base[key] = property.type === 'array' ? ['bash', '-lc', command] : value
  }
  return { tool, input: tool.schema === undefined ? command : base }
}

function namedCalls(turn: DemoTurn): PlannedCall[][] {
  const named = turn.tools.filter((tool) => isAskedFor(tool.name, turn))
  const [only] = named
  if (only === undefined) return []
  if (named.length > 1) return [named.flatMap((tool) => callOf(turn, tool))]
  const count = repeats(turn.prompt)
  return [Array.from({ length: count }, (_, index) => callOf(turn, only, index)).flat()]
}

/** `get_weather` counts wherever it stands; a plain word like `Read` only where it is meant as a tool. */
function isAskedFor(name: string, turn: DemoTurn): boolean {
  const { prompt } = turn
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  if (!new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(prompt)) return isDescribed(name, turn)
  if (/[_\d-]|[a-z][A-Z]/.test(name)) return true
  return new RegExp(
    `\`${escaped}\`|\\b(?:use|call|invoke|with|and)\\s+(?:the\\s+)?${escaped}\\b|\\b${escaped}\\s+tool\\b`,
    'i',
  ).test(prompt)
}

/** "What is the weather in Paris?" asks for `get_weather`, where the tools are few. */
function isDescribed(name: string, { prompt, tools }: DemoTurn): boolean {
  if (tools.length > 8) return false
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 2 && !VERBS.has(word))
  const asked = new Set(prompt.toLowerCase().match(/[a-z]+/g))
  return words.length > 0 && words.every((word) => asked.has(word))
}

function repeats(prompt: string): number {
  const said = prompt.match(/\b(?:parallel (\d+)|(\d+) (?:times|parallel))\b/i)
  const count = Number(said?.[1] ?? said?.[2] ?? (/\btwice\b/i.test(prompt) ? 2 : 0))
  return count > 0 ? Math.min(count, 32) : Math.max(1, placesOf(prompt).length)
}

function callOf(turn: DemoTurn, tool: DemoTool | undefined, index = 0): PlannedCall[] {
  if (tool === undefined) return []
  if (tool.schema === undefined) return [{ tool, input: customInput(tool.name, turn.prompt) }]
  return [{ tool, input: sampleOfSchema(tool.schema, hintsOf(turn.prompt, tool, index)) }]
}

/** A custom tool takes free text; Codex's patch tool takes a patch. */
function customInput(name: string, prompt: string): string {
  const text = quotedOf(prompt).find((quoted) => quoted !== name) ?? prompt
  if (name !== 'apply_patch') return text
  return `*** Begin Patch\n*** Add File: demo.txt\n+${text.replaceAll('\n', '\n+')}\n*** End Patch\n`
}

function hintsOf(prompt: string, tool: DemoTool, index: number): SampleHints {
  const quoted = quotedOf(prompt).filter((text) => text !== tool.name && !text.startsWith('{'))
  const places = placesOf(prompt)
  const queue = quoted.length > 0 ? quoted : places.slice(index % Math.max(1, places.length))
  const properties = isRecord(tool.schema?.properties) ? Object.keys(tool.schema.properties) : []
  const required = Array.isArray(tool.schema?.required) ? tool.schema.required : []
  return {
    known: jsonIn(prompt),
    wanted: required.length === 0 ? properties.slice(0, 1) : [],
    text: (key) => textFor(key, quoted.length > 0 ? queue.shift() : queue[0], prompt),
  }
}

function textFor(key: string, next: string | undefined, prompt: string): string {
  if (/^(?:description|reason|purpose)$/i.test(key)) return 'Called by the demo model'
  if (next !== undefined) return next
  if (/path|file/i.test(key)) return 'README.md'
  if (/url|uri|href/i.test(key)) return 'https://example.com/'
  return prompt.replaceAll(/\s+/g, ' ').slice(0, 80) || 'demo'
}

function placesOf(prompt: string): string[] {
  const list = prompt.match(
    /\b(?:in|for|of|at|about)\s+([A-Z][\w-]*(?:(?:,\s*|\s+and\s+|,\s*and\s+|\s+)[A-Z][\w-]*)*)/,
  )?.[1]
  return list === undefined ? [] : list.split(/,\s*and\s+|,\s*|\s+and\s+/)
}

function jsonIn(prompt: string): Record<string, unknown> {
  const start = prompt.indexOf('{')
  const end = prompt.lastIndexOf('}')
  if (start < 0 || end < start) return {}
  try {
    const value: unknown = JSON.parse(prompt.slice(start, end + 1))
    return isRecord(value) ? value : {}
  } catch {
    // Braces that hold no JSON are ordinary text.
    return {}
  }
}
