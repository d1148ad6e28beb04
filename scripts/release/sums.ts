import { join } from 'node:path'

/** Writes the SHA-256 sums of files of a folder beside them, as `sha256sum --check` reads them. */
export async function writeSums(folder: string, names: readonly string[]): Promise<void> {
  const lines: string[] = []
  for (const name of names) lines.push(`${await sha256(join(folder, name))}  ${name}\n`)
  await Bun.write(join(folder, 'SHA256SUMS'), lines.join(''))
}

async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk)
  return hasher.digest('hex')
}
