import { writeSync } from 'node:fs'
import { plainText } from '../kit/plain-text.ts'

/**
 * 2026-11-21: our own logger, since the usual library costs 36 ms at start, which is nearly all of the 40 ms
 * that start-up may take, and three times as much per line.
 */

/** Levels in order of severity. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
/** The name of a level. */
export type Level = (typeof LEVELS)[number]
/** How a line is written: JSON for machines, pretty with colours or plain without for people. */
export type Format = 'json' | 'pretty' | 'plain'
/** What a line says beside its message. */
export type Fields = Readonly<Record<string, unknown>>

/** Writes structured lines to stderr. */
export interface Logger {
  readonly level: Level
  enabled(level: Level): boolean
  log(level: Level, message: string, fields?: Fields): void
}

const COLOURS: Readonly<Record<Level, string>> = {
  trace: '\x1b[90m',
  debug: '\x1b[36m',
  info: '\x1b[32m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
  silent: '',
}
const DIM = '\x1b[2m'
const RESET = '\x1b[0m'
const STDERR = 2

/** A logger of one level and format; `write` takes whole lines, stderr where it is not given. */
export function createLogger(
  level: Level,
  format: Format,
  write: (line: string) => void = writeStderr,
): Logger {
  const least = LEVELS.indexOf(level)
  const render = format === 'json' ? renderJson : format === 'pretty' ? renderPretty : renderPlain
  const enabled = (wanted: Level) => LEVELS.indexOf(wanted) >= least
  return {
    level,
    enabled,
    log(wanted, message, fields = {}) {
      if (enabled(wanted)) write(render(wanted, message, fields))
    },
  }
}

function renderJson(level: Level, message: string, fields: Fields): string {
  const head = `{"time":"${new Date().toISOString()}","level":"${level}","msg":${JSON.stringify(message)}`
  // Spread into one object, the fields of a request would be copied for nothing.
  const rest = JSON.stringify(fields)
  return rest === '{}' ? `${head}}\n` : `${head},${rest.slice(1)}\n`
}

function renderPretty(level: Level, message: string, fields: Fields): string {
  const name = `${COLOURS[level]}${level.padEnd(5)}${RESET}`
  const rest = renderFields(fields)
  return `${DIM}${timeOfDay()}${RESET} ${name} ${shown(message)}${rest && ` ${DIM}${rest}${RESET}`}\n`
}

function renderPlain(level: Level, message: string, fields: Fields): string {
  const rest = renderFields(fields)
  return `${new Date().toISOString()} ${level.padEnd(5)} ${shown(message)}${rest && ` ${rest}`}\n`
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}

function renderFields(fields: Fields): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    parts.push(`${name}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`)
  }
  // JSON leaves the upper control characters as they are, and what turns a text around.
  return shown(parts.join(' '))
}

/** One line in which everything shows. */
function shown(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : plainText(text).replaceAll('\n', ' ')
}

/** Bare where that is unambiguous. */
function quoted(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) ? value : JSON.stringify(value)
}

/** Lines wait this long for others, ms: under load one write then serves hundreds. */
const GATHER_MS = 20
let gathered = ''
let timer: ReturnType<typeof setTimeout> | undefined

function writeStderr(line: string): void {
  if (timer === undefined) {
    timer = setTimeout(flushLog, GATHER_MS)
    process.once('exit', flushLog)
  }
  gathered += line
}

/** Writes out what still waits; the process must not end before. */
function flushLog(): void {
  clearTimeout(timer)
  timer = undefined
  process.off('exit', flushLog)
  let left: Buffer = Buffer.from(gathered)
  gathered = ''
  try {
    // A pipe takes what it has room for.
    while (left.length > 0) left = left.subarray(writeSync(STDERR, left))
  } catch {
    // A closed or full stderr must never end a request: there is nobody left to tell.
  }
}
