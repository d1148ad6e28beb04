import { ProxyError } from '../../kit/error.ts'
import { homeOf, mountsOf } from './isolation-mounts.ts'
import type { IsolatedSpec, IsolationOptions, SpawnSpec } from './isolation-options.ts'
import { isFolder, isWithin, type Mount } from './isolation-paths.ts'

/** What the image has of its own, what leads to places of the outside, and what is docker's own. */
const DROPPED = new Set([
  ...['PATH', 'SHELL', 'PWD', 'OLDPWD', 'SHLVL', '_', 'HOSTNAME', 'TMPDIR', 'TMP', 'TEMP'],
  ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'],
  ...['SSH_AUTH_SOCK', 'SSH_AGENT_PID', 'GPG_AGENT_INFO', 'DISPLAY', 'WAYLAND_DISPLAY'],
])
const DOCKERS = /^(DOCKER|BUILDKIT|CONTAINER|PODMAN)_/
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** How many processes and threads one Claude Code with its tools may have. */
const MAX_PROCESSES = '2048'

/** What a container is made with beside its options. */
export interface ContainerIdentity {
  /** Unlike that of any other container. */
  readonly name: string
  /** `uid:gid` of ccproxy, where the machine has such. */
  readonly user: string | undefined
}

/** The error where no image is set. */
export function noImage(): ProxyError {
  const text =
    'Cannot run Claude Code in docker: sdk.docker.image is not set; build an image that holds Claude Code (scripts/docker/claude-code/Dockerfile) and name it there'
  return new ProxyError('unavailable', text, { headers: { 'x-should-retry': 'false' } })
}

/**
 * Runs a process in a container: its root is the image's and read-only, the working folder and `add_dirs`
 * are at the paths that they have outside. Values of the environment are docker's own environment, and
 * only names are arguments. Ending the docker client leaves the container, so that has an ending of its own.
 */
export function inDocker(
  spec: SpawnSpec,
  options: IsolationOptions,
  identity: ContainerIdentity,
): IsolatedSpec {
  const { command, image, cliPath, args } = options.docker
  if (image === undefined) throw noImage()
  const { env, cwd } = spec
  return {
    command,
    args: [
      ...['run', '--rm', '--interactive', '--init', '--name', identity.name],
      ...limitArgs(options, identity),
      ...mountArgs(spec, options, identity),
      ...['--workdir', cwd],
      ...envNames(env).flatMap((name) => ['--env', name]),
      ...args,
      ...['--entrypoint', cliPath, image, ...ownArgs(spec)],
    ],
    cwd,
    env,
    ending: { command, args: ['rm', '--force', identity.name], env },
  }
}

function limitArgs({ docker }: IsolationOptions, { user: own }: ContainerIdentity): string[] {
  const user = docker.user ?? own
  return [
    ...['--label', 'ccproxy=claude'],
    // What is not here is not fetched: the image's name is no promise of whose it is.
    ...['--pull', 'never'],
    // Else the daemon keeps the whole conversation in a file.
    ...['--log-driver', 'none'],
    ...['--network', docker.network],
    ...(user === undefined ? [] : ['--user', user]),
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--pids-limit', MAX_PROCESSES, '--read-only'],
  ]
}

function mountArgs(
  spec: SpawnSpec,
  { addDirs, hidden, docker }: IsolationOptions,
  identity: ContainerIdentity,
): string[] {
  const scratch = scratchOptions(docker.user ?? identity.user)
  const mounts = mountsOf(spec, addDirs, hidden)
  const home = homeOf(spec)
  const shown = mounts.filter(({ kind }) => kind !== 'hidden')
  const homeIsMounted = shown.some(({ path }) => path === home)
  return [
    ...['--tmpfs', `/tmp:${scratch}`],
    ...(homeIsMounted ? [] : ['--tmpfs', `${home}:${scratch}`]),
    ...mounts
      // The image has nothing to hide but what is in a folder of the outside.
      .filter((each) => each.kind !== 'hidden' || shown.some(({ path }) => isIn(each.path, path)))
      .flatMap((each) => argsOf(each, scratch)),
    ...docker.mounts.flatMap((each) => ['--volume', each]),
  ]
}

/**
 * For what may be written and is gone with the container; programs may be run from it, as in any /tmp.
 * The owner counts where the image has the folder already, for there docker keeps the image's mode; it
 * makes the working folder, and so HOME around it, before it mounts anything (20.10).
 */
function scratchOptions(user: string | undefined): string {
  const [uid, gid = uid] = (user ?? '').split(':')
  const owner =
    /^[1-9]\d*$/.test(uid ?? '') && /^\d+$/.test(gid ?? '') ? `,uid=${uid},gid=${gid}` : ''
  return `rw,exec,nosuid,nodev,mode=1777${owner}`
}

function isIn(path: string, folder: string): boolean {
  return path !== folder && isWithin(path, folder)
}

function argsOf({ kind, path }: Mount, scratch: string): string[] {
  switch (kind) {
    case 'write':
      return ['--mount', bind(path, path)]
    case 'read':
      return ['--mount', `${bind(path, path)},readonly`]
    case 'private':
      return ['--tmpfs', `${path}:${scratch}`]
    case 'hidden':
      return isFolder(path)
        ? ['--tmpfs', `${path}:rw,noexec,nosuid,nodev,size=64k,mode=755`]
        : ['--mount', `${bind('/dev/null', path)},readonly`]
  }
}

/** A bind mount in docker's form, which is a line of CSV. */
function bind(source: string, target: string): string {
  return `type=bind,${csv(`source=${source}`)},${csv(`target=${target}`)}`
}

function csv(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

function envNames(env: Readonly<Record<string, string>>): string[] {
  return Object.keys(env).filter(
    (name) => NAME.test(name) && !DROPPED.has(name) && !DOCKERS.test(name),
  )
}

/** The arguments without the script that comes first where the command is an interpreter. */
function ownArgs({ args }: SpawnSpec): readonly string[] {
  const [first = ''] = args
  return /\.[cm]?js$/.test(first) ? args.slice(1) : args
}
