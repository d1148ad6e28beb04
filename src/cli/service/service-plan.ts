/** A program with its arguments. */
export type Command = readonly [program: string, ...args: string[]]

/** A file that belongs to the service. */
export interface ServiceFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  /** The user's own once it is there: neither replaced nor removed. */
  readonly own?: boolean
}

/** One command that is run for an action. */
export interface Step {
  readonly command: Command
  /** It may fail where there is nothing to do. */
  readonly mayFail?: boolean
  /** How often it is tried, for what needs a moment. */
  readonly tries?: number
}

/** What can be done with a service that is installed. */
export type ServiceAction = 'install' | 'uninstall' | 'start' | 'stop' | 'restart'

/** What the service manager says of the service. */
export interface ServiceState {
  readonly installed: boolean
  readonly running: boolean
  /** In the manager's own words. */
  readonly state: string
  readonly pid?: number
  readonly restarts?: number
}

/** A command whose output is read, and how. */
export interface StateQuery {
  readonly command: Command
  read(output: { readonly exitCode: number; readonly stdout: string }): ServiceState
}

/** A service as data: what is written, and what is run for each action. */
export interface ServicePlan {
  /** What it is called there. */
  readonly name: string
  readonly manager: 'systemd' | 'launchd'
  readonly files: readonly ServiceFile[]
  /** Folders that must be there before it starts. */
  readonly folders?: readonly string[]
  /** Run after the files are written, before `start` or `restart`, or, for `uninstall`, before they are removed. */
  readonly steps: Readonly<Record<ServiceAction, readonly Step[]>>
  readonly afterRemoval: readonly Step[]
  readonly state: StateQuery
  logs(lines: number, follow: boolean): Command
  /** What its user should know, each a paragraph. */
  readonly notes: readonly string[]
}

/** What both service managers are told of ccproxy. */
export interface ServiceOptions {
  /** The program. */
  readonly binary: string
  readonly home: string
  /** Where the user's settings are. */
  readonly configFolder: string
  /** Variables that say where these folders are; never a key. */
  readonly variables: Readonly<Record<string, string>>
  /** The value of `--config`, as an absolute path. */
  readonly configFile: string | undefined
  /** How SDK mode keeps Claude Code apart: some ways need more rights. */
  readonly isolation: 'none' | 'docker' | 'bubblewrap'
}
