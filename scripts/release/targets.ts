import { existsSync } from 'node:fs'

/** Our name of each platform, and Bun's. */
export const TARGETS: Readonly<Record<string, Bun.Build.CompileTarget>> = {
  'linux-x64': 'bun-linux-x64',
  'linux-arm64': 'bun-linux-arm64',
  'linux-x64-musl': 'bun-linux-x64-musl',
  'linux-arm64-musl': 'bun-linux-arm64-musl',
  'macos-x64': 'bun-darwin-x64',
  'macos-arm64': 'bun-darwin-arm64',
  'windows-x64': 'bun-windows-x64',
}

/** Our name of this machine's platform. */
export function hostTarget(): string {
  const system = { darwin: 'macos', win32: 'windows' }[process.platform as string] ?? 'linux'
  const musl = system === 'linux' && existsSync(`/lib/ld-musl-${muslArch()}.so.1`)
  return `${system}-${process.arch}${musl ? '-musl' : ''}`
}

function muslArch(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64'
}

/** The file name of a target's binary, as scripts/build.ts writes it. */
export function binaryName(target: string): string {
  return `ccproxy-${target}${isWindows(target) ? '.exe' : ''}`
}

/** The file name of a target's archive. */
export function archiveName(version: string, target: string): string {
  return `ccproxy-${version}-${target}.${isWindows(target) ? 'zip' : 'tar.gz'}`
}

/** Whether a target is Windows. */
export function isWindows(target: string): boolean {
  return target.startsWith('windows')
}

/** The targets that a command line names; `host` is this machine's, nothing named is all. */
export function chosenTargets(names: readonly string[] | undefined): string[] {
  const chosen = names?.map((name) => (name === 'host' ? hostTarget() : name))
  const unknown = chosen?.find((name) => TARGETS[name] === undefined)
  if (unknown !== undefined) {
    const known = Object.keys(TARGETS).join(', ')
    throw new Error(`Unknown target "${unknown}": use one of ${known}, host`)
  }
  return chosen ?? Object.keys(TARGETS)
}
