// Every sentence that is the same for whatever people set up.

export const setUp = {
  save: "Save",
  saving: "Saving…",
  edit: "Edit",
  editNamed: (name: string) => `Edit ${name}`,
  delete: "Delete",
  deleting: "Deleting…",
  deleteNamed: (name: string) => `Delete ${name}`,
  deleteAsk: (name: string) => `Delete ${name}?`,
  changedMeanwhile: "Somebody changed it meanwhile. What you typed is still here, and is not saved.",
  deletedMeanwhile: "Somebody deleted it meanwhile. Close this, and add it again if it is needed.",
  reload: "Load what it is now",
} as const;
