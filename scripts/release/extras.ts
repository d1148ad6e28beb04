import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArchiveFile } from './archive.ts'

/** A file of the archives that the binary itself writes. */
export interface Extra {
  /** Its path in the archive. */
  readonly path: string
  /** The arguments that make ccproxy print it. */
  readonly command: readonly string[]
}

/** Runs a binary for its extras, away from every setting of this machine; one that fails ends the release. */
export async function makeExtras(
  binary: string,
  extras: readonly Extra[],
): Promise<ReadonlyMap<Extra, ArchiveFile>> {
  const home = mkdtempSync(join(tmpdir(), 'ccproxy-release-'))
  try {
    const made = new Map<Extra, ArchiveFile>()
    for (const extra of extras) made.set(extra, await makeExtra(binary, extra, home))
    return made
  } finally {
    rmSync(home, { recursive: true })
  }
}

async function makeExtra(binary: string, extra: Extra, home: string): Promise<ArchiveFile> {
  const child = Bun.spawn([binary, ...extra.command], {
    cwd: home,
    env: { HOME: home, PATH: '/usr/bin:/bin', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [bytes, complaint, code] = await Promise.all([
    child.stdout.bytes(),
    child.stderr.text(),
    child.exited,
  ])
  if (code === 0 && bytes.length > 0) return { path: extra.path, bytes }
  const command = `ccproxy ${extra.command.join(' ')}`
  const reason = code === 0 ? 'printed nothing' : `ended with ${code}: ${complaint.trim()}`
  throw new Error(`Cannot make "${extra.path}": "${command}" ${reason}`)
}
