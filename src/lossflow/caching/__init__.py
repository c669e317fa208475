"""What earlier runs found out, kept in a folder of the project: a file is analysed again when its result may differ."""
