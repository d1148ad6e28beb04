import { ccproxyCommand } from './ccproxy.ts'
import { cleanEnv, tempDir } from './child.ts'
import { until } from './wait.ts'

/** A command that runs in a terminal of its own, with a user in front of it. */
export interface TerminalRun {
  /** All that was written so far, with its control sequences. */
  screen(): string
  /** Waits until the screen holds this text, after what was seen before. */
  sees(text: string | RegExp): Promise<void>
  /** Types; a person takes a moment before. */
  types(keys: string, readingMs?: number): Promise<void>
  /** Whether the terminal takes single keys just now. */
  raw(): boolean
  signal(name: NodeJS.Signals): void
  /** Gives the window another size. */
  resize(columns: number, rows: number): void
  readonly exited: Promise<number>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** How long a person needs to read before pressing a key, ms. */
const READING_MS = 450
/** The bit of `c_lflag` under which a terminal collects lines. */
const ICANON = 0x2

/** What else a run in a terminal may be given. */
export interface TerminalOptions {
  /** A home that stays; without one it is fresh and removed again. */
  readonly home?: string
  /** Another program than ccproxy, before the arguments. */
  readonly program?: readonly string[]
}

/** Starts ccproxy in a pseudo-terminal. */
export function runInTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { home: kept, program }: TerminalOptions = {},
): TerminalRun {
  const home = kept === undefined ? tempDir() : { path: kept, remove: () => undefined }
  const decoder = new TextDecoder()
  let screen = ''
  let seen = 0
  const child = Bun.spawn(program === undefined ? ccproxyCommand(args) : [...program, ...args], {
    cwd: home.path,
    env: cleanEnv(home.path, env),
    terminal: {
      cols: 80,
      rows: 40,
      data: (_, bytes) => {
        screen += decoder.decode(bytes, { stream: true })
      },
    },
  })
  const { terminal } = child
  if (terminal === undefined) throw new Error('No terminal was made')
  return {
    screen: () => screen,
    async sees(text) {
      const place = () => {
        const rest = screen.slice(seen)
        return typeof text === 'string' ? rest.indexOf(text) : rest.search(text)
      }
      await until(`"${text}" on the screen`, () => place() !== -1, 8000).catch((error) => {
        throw new Error(`${error}\nThe screen since: ${JSON.stringify(screen.slice(seen))}`)
      })
      seen += place() + 1
    },
    async types(keys, readingMs = READING_MS) {
      await Bun.sleep(readingMs)
      terminal.write(keys)
    },
    raw: () => (terminal.localFlags & ICANON) === 0,
    signal: (name) => child.kill(name),
    resize: (columns, rows) => terminal.resize(columns, rows),
    exited: child.exited,
    async stop() {
      child.kill('SIGKILL')
      await child.exited
      terminal.close()
      home.remove()
    },
  }
}
