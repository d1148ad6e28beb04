import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { mountsOf } from './isolation-mounts.ts'
import type { IsolatedSpec, IsolationOptions, SpawnSpec } from './isolation-options.ts'
import { isFolder, isWithin, type Mount, mount, realPath, withoutLinks } from './isolation-paths.ts'

/** Sockets of daemons are in /run; a read-only mount would not keep anybody from talking to them. */
const PRIVATE = ['/tmp', '/var/tmp', '/run']

/** What is needed of them nevertheless: how names are resolved, and the programs of NixOS. */
const NEEDED = ['/etc/resolv.conf', '/run/current-system']

/** They lead to what is private or gone inside. */
const DROPPED = [
  ...['TMPDIR', 'TMP', 'TEMP', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'SSH_AUTH_SOCK'],
  ...['SSH_AGENT_PID', 'GPG_AGENT_INFO'],
]

/** What the sandbox is made of, whatever runs in it. */
export function namespaceArgs(network: boolean): string[] {
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(network ? [] : ['--unshare-net']),
    // Started by root it would keep root's rights, which undo a read-only root.
    ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
  ]
}

/**
 * Runs a process under bwrap: the whole disk can be read but for secrets, only the working folder and
 * `add_dirs` can be written. Its environment is handed on as it is, since bwrap's own arguments can be
 * read by anybody.
 */
export function inBubblewrap(spec: SpawnSpec, options: IsolationOptions): IsolatedSpec {
  const { command, network, args } = options.bubblewrap
  const mounts = mountsOf(spec, options.addDirs, options.hidden)
  const program = isAbsolute(spec.command) ? realPath(spec.command) : spec.command
  const cwd = realPath(spec.cwd)
  return {
    command,
    args: [
      ...namespaceArgs(network),
      ...mountArgs([...baseMounts(), ...mounts, ...programMounts([program, ...spec.args])]),
      ...['--chdir', cwd],
      ...args,
      ...['--', program, ...spec.args],
    ],
    cwd: spec.cwd,
    env: Object.fromEntries(Object.entries(spec.env).filter(([name]) => !DROPPED.includes(name))),
  }
}

function baseMounts(): Mount[] {
  const empty = PRIVATE.filter((path) => existsSync(path)).map((path) => mount('private', path))
  const needed = NEEDED.map(realPath).filter(
    (path) => existsSync(path) && PRIVATE.some((folder) => isWithin(path, folder)),
  )
  return [...empty, ...needed.map((path) => mount('read', path))]
}

/** The program itself, and the script where it is an interpreter: they may be in what is private, or be writable. */
function programMounts([program, script]: readonly string[]): Mount[] {
  return [program, script]
    .filter((path) => path !== undefined && isAbsolute(path) && existsSync(path))
    .map((path) => mount('read', String(path)))
}

function mountArgs(mounts: readonly Mount[]): string[] {
  const sorted = withoutLinks(mounts)
  const sealed = sorted.filter(({ kind, path }) => kind === 'hidden' && isFolder(path))
  return [
    ...sorted.flatMap(argsOf),
    // Only now, for a folder in it may have needed a place to be mounted on.
    ...sealed.flatMap(({ path }) => ['--remount-ro', path]),
  ]
}

function argsOf({ kind, path }: Mount): string[] {
  switch (kind) {
    case 'write':
      return ['--bind', path, path]
    case 'read':
      return ['--ro-bind-try', path, path]
    case 'private':
      return ['--tmpfs', path]
    case 'hidden':
      return isFolder(path) ? ['--tmpfs', path] : ['--ro-bind', '/dev/null', path]
  }
}
