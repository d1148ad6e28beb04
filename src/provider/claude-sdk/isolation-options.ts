/** How a process is to be started. */
export interface SpawnSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** A process that runs isolated, and what ends it where ending the process that was spawned does not. */
export interface IsolatedSpec extends SpawnSpec {
  readonly ending?: Ending
}

/** The command that ends an isolated Claude Code; it does no harm where that has ended already. */
export interface Ending {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What Claude Code runs in, as plain values of `sdk.isolation` and its tables. */
export interface IsolationOptions {
  readonly kind: 'none' | 'docker' | 'bubblewrap'
  readonly docker: DockerOptions
  readonly bubblewrap: BubblewrapOptions
  /** Folders beside the working folder that Claude Code's tools may write. */
  readonly addDirs: readonly string[]
  /** What must not be seen inside: the folders and files of ccproxy's own settings and credentials. */
  readonly hidden: readonly string[]
}

/** The `[sdk.docker]` table. */
export interface DockerOptions {
  readonly image: string | undefined
  readonly command: string
  /** Claude Code inside the image. */
  readonly cliPath: string
  /** `host:container[:ro]` */
  readonly mounts: readonly string[]
  /** `uid:gid`; without it those of ccproxy. */
  readonly user: string | undefined
  readonly network: string
  readonly args: readonly string[]
}

/** The `[sdk.bubblewrap]` table. */
export interface BubblewrapOptions {
  readonly command: string
  readonly network: boolean
  readonly args: readonly string[]
}
