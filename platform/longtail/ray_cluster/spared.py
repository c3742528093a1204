"""Work of Ray's own that a cluster of this machine need not do; a user's settings win.

Ray reads these where its processes start, so they are in the environment before.
"""

SPARED = {
    # Nobody takes this machine away under notice.
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    # What workers print is not sent to the driver; still new files of theirs are looked for ten
    # times a second, unless there are more than so many: then as often as the second says.
    "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
    "LOG_NAME_UPDATE_INTERVAL_S": "60",
}
WITHOUT_A_PAGE = {"RAY_enable_metrics_collection": "0"}
"""Where there is no web page, nobody reads figures of the machine either."""
