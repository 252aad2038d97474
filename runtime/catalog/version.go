package catalog

// Version is that of the packages as a whole: its first number changes when a
// config that used them may have to, its second when there is something new.
const Version = "1.0.0"
