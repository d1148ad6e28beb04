import { readdir, readFile, readlink } from 'node:fs/promises'

/** The process that listens on a TCP port, as `name (pid 123)`, where the system tells. */
export async function portOwner(port: number): Promise<string | undefined> {
  try {
    return process.platform === 'linux' ? await fromProc(port) : await fromLsof(port)
  } catch {
    // Only a courtesy: without the right to look, the message does without the name.
    return undefined
  }
}

async function fromProc(port: number): Promise<string | undefined> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const inode of await listeningInodes(table, port)) inodes.add(`socket:[${inode}]`)
  }
  if (inodes.size === 0) return undefined
  for (const pid of await readdir('/proc')) {
    if (/^\d+$/.test(pid) && (await holds(pid, inodes))) return await nameOf(pid)
  }
  return undefined
}

/** Rows of /proc/net/tcp: local address is `HEX:PORT`, state 0A is LISTEN, the tenth field the inode. */
async function listeningInodes(table: string, port: number): Promise<string[]> {
  const text = await readFile(table, 'utf8').catch(() => '')
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted) && fields[3] === '0A')
    .map((fields) => fields[9] ?? '')
}

async function holds(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const files = await readdir(folder).catch(() => [])
  const links = await Promise.all(
    files.map((file) => readlink(`${folder}/${file}`).catch(() => '')),
  )
  return links.some((link) => sockets.has(link))
}

async function nameOf(pid: string): Promise<string> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8')
  return `${name.trim()} (pid ${pid})`
}

async function fromLsof(port: number): Promise<string | undefined> {
  const lsof = Bun.spawn(['lsof', '-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    stderr: 'ignore',
    timeout: 2000,
  })
  const text = await new Response(lsof.stdout).text()
  const pid = /^p(\d+)$/m.exec(text)?.[1]
  const name = /^c(.+)$/m.exec(text)?.[1]
  return pid === undefined ? undefined : `${name ?? 'a process'} (pid ${pid})`
}
