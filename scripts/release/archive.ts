import { packTar } from 'modern-tar'
import { ZipFile } from 'yazl'

/** A file of an archive. */
export interface ArchiveFile {
  /** Its path in the archive, with slashes. */
  readonly path: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly executable?: boolean
}

const FILE = 0o644
const PROGRAM = 0o755

/**
 * Packs files as `.tar.gz`. The same files and time give the same bytes on every machine: sorted, owned by
 * nobody in particular, without the clock, name or system that gzip may write into its header.
 */
export async function tarGz(
  files: readonly ArchiveFile[],
  time: Date,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = sorted(files).map(({ path, bytes, executable }) => ({
    header: {
      name: path,
      size: bytes.length,
      type: 'file' as const,
      mode: executable === true ? PROGRAM : FILE,
      mtime: time,
      uid: 0,
      gid: 0,
      uname: 'root',
      gname: 'root',
    },
    body: bytes,
  }))
  return Bun.gzipSync(await packTar(entries), { library: 'libdeflate', level: 6 })
}

/** Packs files as `.zip`, as reproducibly; its times are in local time, so TZ has to be UTC. */
export async function zip(
  files: readonly ArchiveFile[],
  time: Date,
): Promise<Uint8Array<ArrayBuffer>> {
  if (new Date(0).getTimezoneOffset() !== 0 || time.getTimezoneOffset() !== 0) {
    throw new Error('Cannot pack a zip reproducibly: its times are local, so set TZ=UTC')
  }
  const archive = new ZipFile()
  for (const { path, bytes, executable } of sorted(files)) {
    // A mode holds the kind of file too: 0o100000 is a regular one.
    const mode = 0o100000 | (executable === true ? PROGRAM : FILE)
    archive.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), path, {
      mtime: time,
      mode,
      forceDosTimestamp: true,
    })
  }
  archive.end()
  const chunks: Uint8Array[] = []
  for await (const chunk of archive.outputStream) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  return Buffer.concat(chunks)
}

function sorted(files: readonly ArchiveFile[]): ArchiveFile[] {
  // By code units: the order may not depend on a locale.
  return [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}
