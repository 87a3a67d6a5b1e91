import { queryOptions } from "@tanstack/react-query";
import { api } from "./http";
import { keys } from "./keys";
import { queryString } from "./query-string";
import type { NotificationPage } from "./types";

/** The newest notifications of the signed-in person, with the number of unread ones. */
export const notificationsQuery = (unreadOnly: boolean) =>
  queryOptions({
    queryKey: keys.notificationList(unreadOnly),
    queryFn: ({ signal }) =>
      api<NotificationPage>(
        `/api/notifications${queryString({ unread: unreadOnly || undefined, limit: 100 })}`,
        { signal },
      ),
  });
