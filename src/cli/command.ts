import type { OAuthOptions } from '../auth/oauth.ts'
import type { startServer } from '../http/server.ts'

/** A command-line flag as data. */
export interface Flag {
  /** Without dashes. */
  readonly name: string
  readonly short?: string
  /** What its value is called in help; absent for a switch. */
  readonly value?: string
  readonly description: string
}

/** A positional argument as data. */
export interface Positional {
  readonly name: string
  readonly description: string
  readonly optional?: boolean
  readonly variadic?: boolean
  /** All that it may be, where that is known. */
  readonly values?: readonly string[]
}

/** What a command line said. */
export interface CommandInput {
  /** Values by flag name. */
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly switches: ReadonlySet<string>
  readonly positionals: readonly string[]
}

/** One command as data: what help says of it and what it does. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Whole command lines with what each does. */
  readonly examples: readonly string[]
  readonly flags?: readonly Flag[]
  readonly positionals?: readonly Positional[]
  /** How it is called, where that does not follow from its flags and arguments. */
  readonly usage?: string
  /** Commands below this one; it then only groups them. */
  readonly commands?: readonly Command[]
  /** Gives the exit code. */
  run(context: CommandContext, input: CommandInput): Promise<number>
}

/** A command's place in the registry: its module loads when it is needed. */
export interface CommandEntry {
  readonly name: string
  /** It opens many upstream connections, for which main prepares the process first. */
  readonly serves?: boolean
  /**
   * Where arguments begin that belong to another program and are not looked into: after the command's own name, or at
   * the first one that is no flag of ours, or `--`. They come as positionals.
   */
  readonly foreign?: 'after-name' | 'at-program'
  load(): Promise<Command>
}

/** Where a command writes. */
export interface Output {
  write(text: string): void
  /** Whether nobody reads any more: what is written then is lost. */
  readonly isGone?: boolean
  readonly isTerminal: boolean
  /** How wide the terminal is; undefined where it is none. */
  readonly columns?: number | undefined
}

/** Where a command reads what the user answers. */
export interface Input {
  readonly isTerminal: boolean
  /** The next line, or undefined where there is no more. */
  readLine(): Promise<string | undefined>
  /** Single keys as they are pressed, Ctrl-C among them; the result gives the terminal back. */
  onKey?(listener: (key: string) => void): () => void
}

/** A signal that asks the program to end. */
export type EndSignal = 'SIGINT' | 'SIGTERM'

/** The world as commands see it; nothing below main.ts touches the process itself. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  readonly version: string
  readonly commit: string
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin?: Input
  /** Calls back on each signal; the result stops that. */
  onSignal(listener: (signal: EndSignal) => void): () => void
  /** Called before a command that serves; may replace the process and then never returns. */
  prepareToServe?(): void
  /** The command line that starts ccproxy itself, before its arguments. */
  readonly ownCommand?: readonly [file: string, ...before: string[]]
  /** Becomes another program and then never returns; absent where the system cannot; throws where it cannot be started. */
  replaceProcess?(file: string, args: readonly string[], env: CommandContext['env']): void
  /** Stands in for the HTTP server in tests. */
  readonly startServer?: typeof startServer
  /** Stands in for Anthropic's sign-in in tests. */
  readonly oauth?: Partial<OAuthOptions>
  /** Stands in for the browser in tests; says whether the page could be opened. */
  readonly openPage?: (url: string) => Promise<boolean>
}

/** A wrong command line: exit code 2 and a pointer to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
