"""The one table of detections: its columns, its store on disk, and its JSON form."""
