import { join } from 'node:path'

/** The repository's root. */
export const ROOT = join(import.meta.dir, '..', '..')

function git(...command: string[]): string | undefined {
  const { exitCode, stdout } = Bun.spawnSync(['git', ...command], { cwd: ROOT, stderr: 'ignore' })
  return exitCode === 0 ? stdout.toString().trim() : undefined
}

/** The commit as `--version` shows it; a source archive has none. */
export function commit(): string {
  const head = git('rev-parse', '--short=12', 'HEAD')
  if (head === undefined) return 'unknown'
  return isDirty() ? `${head}-dirty` : head
}

/** Whether anything differs from the commit; nothing does where there is no git history. */
export function isDirty(): boolean {
  return (git('status', '--porcelain') ?? '') !== ''
}

/**
 * The time that every file of a release carries: `SOURCE_DATE_EPOCH`, or else the commit's.
 *
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function sourceDate(epoch: string | undefined): Date {
  const seconds = epoch ?? git('log', '-1', '--format=%ct')
  if (seconds === undefined || !/^\d+$/.test(seconds)) {
    throw new Error(
      seconds === undefined
        ? 'Cannot date the release: there is no git history, so set SOURCE_DATE_EPOCH'
        : `Cannot date the release: SOURCE_DATE_EPOCH "${seconds}" is no number of seconds`,
    )
  }
  return new Date(Number(seconds) * 1000)
}
