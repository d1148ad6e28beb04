import { existsSync, realpathSync, statSync } from 'node:fs'
import { sep } from 'node:path'

/**
 * What becomes of a path inside: its content may be changed (`write`) or only read (`read`), an empty
 * folder that ends with the process stands in for it (`private`), or nothing of it is seen (`hidden`).
 */
export interface Mount {
  readonly kind: 'write' | 'read' | 'private' | 'hidden'
  readonly path: string
}

/** A mount of a path. */
export function mount(kind: Mount['kind'], path: string): Mount {
  return { kind, path }
}

/** Sorts mounts so that a folder comes before what is in it; of the same path the last counts. */
export function outerFirst(mounts: readonly Mount[]): Mount[] {
  const last = new Map(mounts.map((each) => [each.path, each]))
  return [...last.values()].sort((a, b) => depth(a.path) - depth(b.path))
}

/** The mounts at the paths that the links among them lead to, for where the outside's root is the inside's. */
export function withoutLinks(mounts: readonly Mount[]): Mount[] {
  return outerFirst(mounts.map(({ kind, path }) => mount(kind, realPath(path))))
}

/** A path without links; one that is not there stays as it is. */
export function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}

/** Whether a path is a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Whether a path is another one or in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function depth(path: string): number {
  return path.split(sep).filter((part) => part !== '').length
}
