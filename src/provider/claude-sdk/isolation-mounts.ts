import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { SpawnSpec } from './isolation-options.ts'
import { type Mount, mount, outerFirst } from './isolation-paths.ts'
import { stateMounts } from './isolation-state.ts'

/**
 * Keys and logins of other programs, below HOME. Claude Code needs none of them; who signs in through
 * one (a cloud's, say) gives it back with further arguments, which win.
 */
const SECRETS = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.netrc',
  '.npmrc',
  '.pypirc',
  '.pgpass',
  '.git-credentials',
  '.password-store',
  '.mozilla',
  '.config/gcloud',
  '.config/gh',
  '.config/git/credentials',
  '.config/containers/auth.json',
  '.config/google-chrome',
  '.config/chromium',
  '.local/share/keyrings',
]

/** Where each path of the outside goes, outer folders before what is in them. */
export function mountsOf(
  spec: SpawnSpec,
  addDirs: readonly string[],
  hidden: readonly string[],
): Mount[] {
  const home = homeOf(spec)
  const folders = [spec.cwd, ...addDirs.map((folder) => resolve(spec.cwd, folder))]
  const mounts: Mount[] = [
    ...folders.filter((path) => existsSync(path)).map((path) => mount('write', path)),
    ...stateMounts(spec.env, home),
    ...[...hidden, ...SECRETS.map((path) => join(home, path))]
      .filter((path) => existsSync(path))
      .map((path) => mount('hidden', path)),
  ]
  return outerFirst(mounts)
}

/** The home folder that Claude Code is to have. */
export function homeOf({ env, cwd }: SpawnSpec): string {
  return env.HOME !== undefined && isAbsolute(env.HOME) ? env.HOME : cwd
}
