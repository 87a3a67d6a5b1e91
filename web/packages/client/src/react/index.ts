export { type ItemLock, useEditLock } from "./use-edit-lock.ts";
export { type GlobalOptions, type GlobalSocket, useGlobalWebSocket } from "./use-global-web-socket.ts";
export { type ItemChanges, type ItemSocket, useItemWebSocket } from "./use-item-web-socket.ts";
export { type Connection, useWebSocket } from "./use-web-socket.ts";
