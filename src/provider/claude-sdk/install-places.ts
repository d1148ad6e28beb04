import { posix, win32 } from 'node:path'

/** Names and values as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** This machine as far as finding programs needs it. */
export interface Machine {
  readonly env: Environment
  readonly home: string
  readonly platform: NodeJS.Platform
  /** The folders of programs for all users; without them those that are usual. */
  readonly systemFolders?: readonly string[]
}

const SYSTEM_FOLDERS = [
  '/opt/homebrew/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/usr/local/bin',
  '/usr/bin',
] as const

/** Windows writes `Path` and finds `PATH`. */
export function variable({ env, platform }: Machine, name: string): string | undefined {
  if (platform !== 'win32') return env[name] || undefined
  const found = Object.keys(env).find((key) => key.toLowerCase() === name.toLowerCase())
  return (found === undefined ? undefined : env[found]) || undefined
}

/** The names that Claude Code's executable has in a folder, in the order in which they are tried. */
export function executableNames(platform: NodeJS.Platform): string[] {
  return platform === 'win32' ? ['claude.exe', 'claude.cmd'] : ['claude']
}

/** The folders of PATH; relative ones are left out, for they mean another program in every folder. */
export function pathFolders(machine: Machine): string[] {
  const path = machine.platform === 'win32' ? win32 : posix
  const folders = variable(machine, 'PATH')?.split(path.delimiter) ?? []
  return [...new Set(folders.filter((folder) => path.isAbsolute(folder)))]
}

/** Folders that hold one folder for each version of Node.js; `below` leads from there to the programs. */
export interface VersionedFolder {
  readonly path: string
  readonly below: string
}

/** Where version managers keep the global programs of each Node.js. */
export function versionedFolders(machine: Machine): VersionedFolder[] {
  const { home, platform } = machine
  if (platform === 'win32') return []
  const nvm = variable(machine, 'NVM_DIR') ?? posix.join(home, '.nvm')
  const fnm = variable(machine, 'FNM_DIR')
  return [
    { path: posix.join(nvm, 'versions', 'node'), below: 'bin' },
    ...[fnm ?? posix.join(home, '.local', 'share', 'fnm')].map((folder) => ({
      path: posix.join(folder, 'node-versions'),
      below: posix.join('installation', 'bin'),
    })),
    { path: posix.join(home, '.asdf', 'installs', 'nodejs'), below: 'bin' },
    { path: posix.join(home, '.local', 'share', 'mise', 'installs', 'node'), below: 'bin' },
  ]
}

/** The folders that installers of Claude Code use, its own first, then those of package managers. */
export function installFolders(machine: Machine): string[] {
  const folders = machine.platform === 'win32' ? windowsFolders(machine) : unixFolders(machine)
  return [...new Set(folders.filter((folder) => folder !== undefined))]
}

function unixFolders(machine: Machine): (string | undefined)[] {
  const inHome = (...parts: string[]) => posix.join(machine.home, ...parts)
  const below = (name: string, ...parts: string[]) => {
    const folder = variable(machine, name)
    return folder === undefined ? undefined : posix.join(folder, ...parts)
  }
  return [
    inHome('.local', 'bin'),
    inHome('.claude', 'local'),
    inHome('.claude', 'local', 'node_modules', '.bin'),
    below('NPM_CONFIG_PREFIX', 'bin'),
    below('npm_config_prefix', 'bin'),
    ...(machine.systemFolders ?? SYSTEM_FOLDERS),
    inHome('.npm-global', 'bin'),
    below('BUN_INSTALL', 'bin'),
    inHome('.bun', 'bin'),
    below('VOLTA_HOME', 'bin'),
    inHome('.volta', 'bin'),
    below('PNPM_HOME'),
    inHome('.local', 'share', 'pnpm'),
    inHome('Library', 'pnpm'),
    inHome('.yarn', 'bin'),
    inHome('n', 'bin'),
    inHome('.nix-profile', 'bin'),
    inHome('node_modules', '.bin'),
  ]
}

function windowsFolders(machine: Machine): (string | undefined)[] {
  const below = (name: string, ...parts: string[]) => {
    const folder = variable(machine, name)
    return folder === undefined ? undefined : win32.join(folder, ...parts)
  }
  const inHome = (...parts: string[]) => win32.join(machine.home, ...parts)
  return [
    inHome('.local', 'bin'),
    inHome('.claude', 'local'),
    below('NPM_CONFIG_PREFIX'),
    below('APPDATA', 'npm'),
    below('ProgramFiles', 'nodejs'),
    below('BUN_INSTALL', 'bin'),
    inHome('.bun', 'bin'),
    below('VOLTA_HOME', 'bin'),
    below('LOCALAPPDATA', 'Volta', 'bin'),
    below('PNPM_HOME'),
    below('LOCALAPPDATA', 'pnpm'),
    inHome('scoop', 'shims'),
    inHome('node_modules', '.bin'),
  ]
}
