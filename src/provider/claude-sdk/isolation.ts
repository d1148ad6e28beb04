import { ProxyError } from '../../kit/error.ts'
import { inBubblewrap } from './isolation-bubblewrap.ts'
import { type ContainerIdentity, inDocker } from './isolation-docker.ts'
import type { IsolatedSpec, IsolationOptions, SpawnSpec } from './isolation-options.ts'
import { runTool } from './isolation-run.ts'

/** How long docker may take to remove a container. */
const ENDING_TIMEOUT_MS = 15_000

/**
 * Turns how Claude Code is to be started into what is really started.
 * Makes Claude Code's own folder, and where it holds a login also what `stateMounts` says.
 * Throws `unavailable` where no image is set.
 */
export function isolate(
  spec: SpawnSpec,
  options: IsolationOptions,
  identity: ContainerIdentity = newIdentity(),
): IsolatedSpec {
  switch (options.kind) {
    case 'none':
      return spec
    case 'docker':
      return inDocker(spec, options, identity)
    case 'bubblewrap':
      return inBubblewrap(spec, options)
  }
}

/**
 * Ends what is left of an isolated process once the spawned one was killed or has ended; nothing to do
 * is no error. Throws `unavailable` where docker does not answer.
 */
export async function endIsolated({ ending }: IsolatedSpec): Promise<void> {
  if (ending === undefined) return
  const result = await runTool([ending.command, ...ending.args], ending.env, ENDING_TIMEOUT_MS)
  if (result.kind === 'done' && (result.exitCode === 0 || isGone(result.stderr))) return
  const said = result.kind === 'done' ? result.stderr.trim() : result.kind
  const container = ending.args.at(-1) ?? ''
  throw new ProxyError('unavailable', `Cannot remove container "${container}": ${said}`)
}

/** Removed before, or being removed by `--rm` right now. */
function isGone(stderr: string): boolean {
  return /no such container|no container with name|already in progress/i.test(stderr)
}

function newIdentity(): ContainerIdentity {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  return {
    name: `ccproxy-claude-${crypto.randomUUID()}`,
    user: uid === undefined || gid === undefined ? undefined : `${uid}:${gid}`,
  }
}
