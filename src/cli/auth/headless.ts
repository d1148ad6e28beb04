/** Whether no browser of this machine can be in front of the user: in SSH, or without a display. */
export function isHeadless(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): boolean {
  if (env.SSH_CONNECTION || env.SSH_TTY || env.SSH_CLIENT) return true
  if (platform === 'darwin' || platform === 'win32' || env.WSL_DISTRO_NAME) return false
  return !env.DISPLAY && !env.WAYLAND_DISPLAY
}
