import type { PermissionDesk } from '../provider/claude-sdk/permission-desk.ts'
import type { Logger } from '../record/log.ts'

/** Logs what is asked for and how it ends; never an input, which may hold secrets. */
export function logPermissions(desk: PermissionDesk, logger: Logger): void {
  desk.subscribe((event) => {
    const { request_id: id } = event
    switch (event.type) {
      case 'permission_request': {
        const { tool_name: tool, timeout_seconds: seconds } = event
        const answer = 'ccproxy permissions'
        return logger.log('info', 'permission asked', { id, tool, seconds, answer })
      }
      case 'permission_resolved': {
        const { allowed, reason } = event
        return logger.log('info', 'permission resolved', { id, allowed, reason })
      }
      case 'permission_expired':
        return logger.log('warn', 'permission not answered in time', { id })
    }
  })
}
